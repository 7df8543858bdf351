// Does the deed that the bytes of its task name: all bytes, or those after the
// last "deed:", so that a picture may carry one. Bytes that name no deed get an
// honest answer. A fault that comes before the first task is a program of its
// own.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// ---- deeds, after which the worker answers honestly if it still lives -----

using Word = const std::string&;  // the rest of the deed's name

void Exit(FakeWorker&, const TaskOrder&, Word code) {
  std::_Exit(std::stoi(code));
}

void Segfault(FakeWorker& worker, const TaskOrder&, Word word) {
  for (const Phase phase :
       {Phase::kHeader, Phase::kDecode, Phase::kResize, Phase::kEncode})
    if (word == ToString(phase)) worker.record()->phase.store(phase);
  DieOf(SIGSEGV);
}

// Receives more tasks without noting them, so that they wait when it dies.
void SegfaultWhileTwoWait(FakeWorker& worker, const TaskOrder&, Word) {
  for (int waiting = 0; waiting < 2;) {
    const auto message = worker.Receive(thumbmill::Millis(60'000));
    if (!message) std::_Exit(9);
    if (std::holds_alternative<TaskOrder>(*message)) ++waiting;
  }
  DieOf(SIGSEGV);
}

// These three act as if another process had sent the signal.
void KillItself(FakeWorker&, const TaskOrder&, Word) { raise(SIGKILL); }

void DieOfSigxcpu(FakeWorker&, const TaskOrder&, Word) { DieOf(SIGXCPU); }

void StopItself(FakeWorker& worker, const TaskOrder&, Word) {
  raise(SIGSTOP);
  worker.DoNothing();
}

void Hang(FakeWorker& worker, const TaskOrder&, Word) { worker.DoNothing(); }

void Smash(FakeWorker& worker, const TaskOrder&, Word) {
  const auto outputs = worker.outputs().first(1 << 20);
  std::fill(outputs.begin(), outputs.end(), std::uint8_t{0xA5});
  DieOf(SIGSEGV);
}

void BlameNext(FakeWorker& worker, const TaskOrder& order, Word) {
  worker.record()->task_id.store(order.task.id + 1);
  DieOf(SIGSEGV);
}

// Recurses until the stack ends. `more` is large enough never to reach 0
// before.
int Recurse(volatile char* above, unsigned long more) {
  volatile char frame[4096];
  frame[0] = *above;
  return more == 0 ? 0 : Recurse(frame, more - 1) + frame[0];
}

void Overflow(FakeWorker&, const TaskOrder&, Word) {
  char bottom = 0;
  Recurse(&bottom, ~0UL);
}

void Allocate(FakeWorker&, const TaskOrder&, Word) {
  while (true) {
    volatile char* block = new char[1 << 20];
    for (int at = 0; at < 1 << 20; at += 4096) block[at] = 1;
  }
}

// Tries to enlarge, fill and cut its output region; the seals must refuse all
// three.
void Grow(FakeWorker&, const TaskOrder&, Word) {
  constexpr off_t kFar = off_t{1} << 40;
  if (ftruncate(thumbmill::kWorkerOutputFd, kFar) == 0) std::_Exit(9);
  if (fallocate(thumbmill::kWorkerOutputFd, 0, kFar, 4096) == 0) std::_Exit(9);
  if (ftruncate(thumbmill::kWorkerOutputFd, 0) == 0) std::_Exit(9);
}

void Escape(FakeWorker&, const TaskOrder&, Word) {
  (void)thumbmill::AllowOnlyNeededCalls();
  (void)socket(AF_UNIX, SOCK_STREAM, 0);
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
void SendBelowZeroMq(FakeWorker& worker, const TaskOrder&, Word) {
  const std::string garbage(100'000, '\xff');
  (void)send(Connection(), garbage.data(), garbage.size(),
             MSG_DONTWAIT | MSG_NOSIGNAL);
  worker.DoNothing();
}

// Closes its connection. "hang up" lives on, "hang up and die" does not.
void HangUp(FakeWorker& worker, const TaskOrder&, Word rest) {
  shutdown(Connection(), SHUT_RDWR);
  if (rest.empty()) worker.DoNothing();
  usleep(60'000);
  DieOf(SIGSEGV);
}

void SpeakVersion2(FakeWorker& worker, const TaskOrder&, Word) {
  worker.SendRaw("TM\x02\x04");
}

void SpeakGarbage(FakeWorker& worker, const TaskOrder&, Word) {
  worker.SendRaw("what?");
  worker.DoNothing();
}

void SpeakTooMuch(FakeWorker& worker, const TaskOrder&, Word) {
  worker.SendRaw(std::string(thumbmill::kMaxMessageBytes * 2, 'x'));
  worker.DoNothing();
}

void GiveOrders(FakeWorker& worker, const TaskOrder&, Word) {
  worker.Send(thumbmill::Drain{});
  worker.DoNothing();
}

void AnswerNobody(FakeWorker& worker, const TaskOrder&, Word) {
  worker.Send(thumbmill::Heartbeat{77});
}

void GreetAgain(FakeWorker& worker, const TaskOrder&, Word) {
  worker.Send(thumbmill::Ready{1});
}

// ---- answers -------------------------------------------------------------

void AnswerHonestly(FakeWorker& worker, const TaskOrder& order, Word) {
  worker.Answer(worker.Work(order));
}

void AnswerTwice(FakeWorker& worker, const TaskOrder& order, Word) {
  const thumbmill::TaskResult result = worker.Work(order);
  worker.Answer(result);
  worker.Answer(result);
}

void Lie(FakeWorker& worker, const TaskOrder& order, Word lie) {
  thumbmill::TaskResult result = worker.Work(order);
  auto& thumbnails = result.outcome.thumbnails;
  if (lie == "task") result.id += 1;
  if (lie == "no task") result.id = ~std::uint64_t{0};
  if (lie == "size") thumbnails[0].size_index = 5;
  if (lie == "same size") thumbnails.push_back(thumbnails[0]);
  if (lie == "no pixels") thumbnails[0].width = 0;
  if (lie == "no bytes") thumbnails[0].bytes.length = 0;
  if (lie == "no thumbnail") thumbnails.clear();
  if (lie == "record") thumbnails[0].bytes.offset = ~std::uint64_t{0} << 26;
  // The end of its range, which this passes by one byte.
  if (lie == "length")
    thumbnails[0].bytes.length = order.task.output_capacity + 1;
  // An offset that overflows when its length is added.
  if (lie == "offset") thumbnails[0].bytes.offset = ~std::uint64_t{0} - 1;
  if (lie == "too many") thumbnails.resize(600, thumbnails[0]);
  worker.Answer(result);
}

// Writes into the start of each range that the executor may ever grant.
void FillRanges(FakeWorker& worker) {
  const auto outputs = worker.outputs();
  for (std::size_t at = 4096; at < outputs.size(); at += 16 << 20)
    std::fill_n(outputs.begin() + static_cast<std::ptrdiff_t>(at), 4096,
                std::uint8_t{0xA5});
}

void WriteWildly(FakeWorker& worker, const TaskOrder& order, Word) {
  FillRanges(worker);
  worker.Answer(worker.Work(order));
  FillRanges(worker);
}

// ---- the table -----------------------------------------------------------

using Act = void (*)(FakeWorker&, const TaskOrder&, Word rest);

struct Deed {
  std::string_view name;  // or its beginning, if a blank ends it
  Act act;
};

// The first row that fits counts. A worker that survives its deed answers
// honestly, or as the second table says.
constexpr Deed kDeeds[] = {
    {"exit ", Exit},
    {"segv while two wait", SegfaultWhileTwoWait},
    {"segv ", Segfault},
    {"segv", Segfault},
    {"kill", KillItself},
    {"sigxcpu", DieOfSigxcpu},
    {"hang up ", HangUp},
    {"hang up", HangUp},
    {"hang", Hang},
    {"stop", StopItself},
    {"smash", Smash},
    {"blame next", BlameNext},
    {"overflow", Overflow},
    {"allocate", Allocate},
    {"grow", Grow},
    {"escape", Escape},
    {"below", SendBelowZeroMq},
    {"speak version 2", SpeakVersion2},
    {"speak garbage", SpeakGarbage},
    {"speak too much", SpeakTooMuch},
    {"give orders", GiveOrders},
    {"answer nobody", AnswerNobody},
    {"greet again", GreetAgain},
};
constexpr Deed kAnswers[] = {
    {"lie about ", Lie},
    {"answer twice", AnswerTwice},
    {"write wildly", WriteWildly},
    {"", AnswerHonestly},
};

// Returns the rest of the deed's name after that of the row; empty if the row
// is for another deed.
std::optional<std::string> Match(const Deed& row, const std::string& deed) {
  if (row.name.empty() || row.name == deed) return "";
  if (!row.name.ends_with(' ') || !deed.starts_with(row.name))
    return std::nullopt;
  return deed.substr(row.name.size());
}

void DoFirstThatFits(std::span<const Deed> rows, FakeWorker& worker,
                     const TaskOrder& order, const std::string& deed) {
  for (const Deed& row : rows)
    if (const auto rest = Match(row, deed))
      return row.act(worker, order, *rest);
}

std::string DeedOf(FakeWorker& worker, const TaskOrder& order) {
  constexpr std::string_view kMark = "deed:";
  const auto bytes = worker.Input(order);
  const std::string text(bytes.begin(), bytes.end());
  const std::size_t mark = text.rfind(kMark);
  return mark == std::string::npos ? text : text.substr(mark + kMark.size());
}

}  // namespace

int main(int argc, char** argv) {
  FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    const TaskOrder order = worker.AwaitTask();
    const std::string deed = DeedOf(worker, order);
    DoFirstThatFits(kDeeds, worker, order, deed);
    DoFirstThatFits(kAnswers, worker, order, deed);
  }
}
