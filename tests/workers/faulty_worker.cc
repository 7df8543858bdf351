// Does the deed that the bytes of its task name. One program serves all faults
// that need only a line each.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <variant>

#include "proto/worker_args.h"
#include "tests/workers/fake_worker.h"
#include "worker/sandbox/system_calls.h"

using thumbmill::FakeWorker;
using thumbmill::Phase;
using thumbmill::TaskOrder;

namespace {

// Dies of the signal itself, even if a sanitizer has a handler for it.
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

// Receives more tasks without noting them, so that they wait when it dies.
void ReceiveTasks(FakeWorker& worker, int more) {
  while (more > 0) {
    const auto message = worker.Receive(thumbmill::Millis(60'000));
    if (!message) std::_Exit(9);
    if (std::holds_alternative<TaskOrder>(*message)) --more;
  }
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

// Recurses until the stack ends. `more` is large enough never to reach 0
// before.
int Overflow(volatile char* above, unsigned long more) {
  volatile char frame[4096];
  frame[0] = *above;
  return more == 0 ? 0 : Overflow(frame, more - 1) + frame[0];
}

void Allocate() {
  while (true) {
    volatile char* block = new char[1 << 20];
    for (int at = 0; at < 1 << 20; at += 4096) block[at] = 1;
  }
}

// Tries to enlarge, fill and cut its output region; the seals must refuse all
// three.
void Grow() {
  constexpr off_t kFar = off_t{1} << 40;
  if (ftruncate(thumbmill::kWorkerOutputFd, kFar) == 0) std::_Exit(9);
  if (fallocate(thumbmill::kWorkerOutputFd, 0, kFar, 4096) == 0) std::_Exit(9);
  if (ftruncate(thumbmill::kWorkerOutputFd, 0) == 0) std::_Exit(9);
}

// Writes into the start of each range that the executor may ever grant.
void WriteWildly(FakeWorker& worker) {
  const auto outputs = worker.outputs();
  for (std::size_t at = 4096; at < outputs.size(); at += 16 << 20)
    std::fill_n(outputs.begin() + static_cast<std::ptrdiff_t>(at), 4096,
                std::uint8_t{0xA5});
}

// Returns the socket that ZeroMQ is connected by.
int Connection() {
  for (int fd = 3; fd < thumbmill::kWorkerInputFd; ++fd) {
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0)
      return fd;
  }
  std::_Exit(9);
}

// Sends bytes on the socket itself that ZeroMQ would never send.
[[noreturn]] void SendBelowZeroMq(FakeWorker& worker) {
  const std::string garbage(100'000, '\xff');
  (void)send(Connection(), garbage.data(), garbage.size(),
             MSG_DONTWAIT | MSG_NOSIGNAL);
  worker.DoNothing();
}

void Lie(FakeWorker& worker, const TaskOrder& order, const std::string& lie) {
  thumbmill::TaskResult result = worker.Work(order);
  auto& thumbnails = result.outcome.thumbnails;
  if (lie == "task") result.id += 1;
  if (lie == "no task") result.id = ~std::uint64_t{0};
  if (lie == "size") thumbnails[0].size_index = 5;
  if (lie == "same size") thumbnails.push_back(thumbnails[0]);
  if (lie == "no pixels") thumbnails[0].width = 0;
  if (lie == "no bytes") thumbnails[0].bytes.length = 0;
  if (lie == "record") thumbnails[0].bytes.offset = ~std::uint64_t{0} << 26;
  if (lie == "too many") thumbnails.resize(600, thumbnails[0]);
  worker.Answer(result);
}

void Do(FakeWorker& worker, const TaskOrder& order) {
  const auto bytes = worker.Input(order);
  const std::string deed(bytes.begin(), bytes.end());
  if (deed.starts_with("lie about "))
    return Lie(worker, order, deed.substr(10));
  if (deed.starts_with("exit ")) std::_Exit(std::stoi(deed.substr(5)));
  if (deed == "speak version 2") worker.SendRaw("TM\x02\x04");
  if (deed == "answer nobody") worker.Send(thumbmill::Heartbeat{77});
  if (deed == "allocate") Allocate();
  if (deed == "grow") Grow();
  if (deed == "greet again") worker.Send(thumbmill::Ready{1});
  if (deed == "below") SendBelowZeroMq(worker);
  if (deed.starts_with("hang up")) {
    shutdown(Connection(), SHUT_RDWR);
    if (deed == "hang up") worker.DoNothing();
    usleep(60'000);
    DieOf(SIGSEGV);
  }
  if (deed == "escape") {
    (void)thumbmill::AllowOnlyNeededCalls();
    (void)socket(AF_UNIX, SOCK_STREAM, 0);
  }
  if (deed == "write wildly") {
    WriteWildly(worker);
    worker.Answer(worker.Work(order));
    return WriteWildly(worker);
  }
  if (deed == "segv while two wait") {
    ReceiveTasks(worker, 2);
    DieOf(SIGSEGV);
  }
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
