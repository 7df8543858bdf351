// Does what the bytes of its task say: one program for faults that need no
// more than a line each.
#include <signal.h>

#include <algorithm>
#include <string>

#include "tests/workers/fake_worker.h"

using thumbmill::FakeWorker;
using thumbmill::Phase;
using thumbmill::TaskOrder;

namespace {

// Dies of the signal itself, whatever a sanitizer makes of it.
[[noreturn]] void DieOf(int number) {
  signal(number, SIG_DFL);
  raise(number);
  std::_Exit(9);
}

void DieInPhase(FakeWorker& worker, const std::string& word) {
  for (const Phase phase :
       {Phase::kHeader, Phase::kDecode, Phase::kResize, Phase::kEncode})
    if (word == ToWord(phase)) worker.record()->phase.store(phase);
  DieOf(SIGSEGV);
}

void Smash(FakeWorker& worker) {
  const auto outputs = worker.outputs().first(1 << 20);
  std::fill(outputs.begin(), outputs.end(), std::uint8_t{0xA5});
  DieOf(SIGSEGV);
}

void BlameNext(FakeWorker& worker, const TaskOrder& order) {
  worker.record()->task_id.store(order.task.id + 1);
  DieOf(SIGSEGV);
}

// Ends when the stack does: `more` is never 0 before.
int Overflow(volatile char* above, unsigned long more) {
  volatile char frame[4096];
  frame[0] = *above;
  return more == 0 ? 0 : Overflow(frame, more - 1) + frame[0];
}

void Do(FakeWorker& worker, const TaskOrder& order) {
  const auto bytes = worker.Input(order);
  const std::string deed(bytes.begin(), bytes.end());
  if (deed.starts_with("segv ")) DieInPhase(worker, deed.substr(5));
  if (deed == "sigxcpu") DieOf(SIGXCPU);
  if (deed == "smash") Smash(worker);
  if (deed == "blame next") BlameNext(worker, order);
  if (deed == "overflow") {
    char bottom = 0;
    Overflow(&bottom, ~0UL);
  }
  worker.Answer(worker.Work(order));
}

}  // namespace

int main(int argc, char** argv) {
  FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) Do(worker, worker.AwaitTask());
}
