// Links: tm_sandbox tm_common tm_proto
//
// Plays a malicious worker: it connects as a worker does, enters the real
// sandbox, and tries one thing. It must die of it or be refused. Without the
// sandbox the same attempt must end differently, or else it proves nothing.
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "common/shm/arena.h"
#include "proto/channel.h"
#include "tests/unit/escape_attempts.h"
#include "worker/sandbox/sandbox.h"

namespace thumbmill {
namespace {

constexpr int kSetupFailed = 250;

#define MUST(condition) \
  if (!(condition)) _exit(kSetupFailed)

// Returns the socket with a peer. Only libzmq's has one.
int FindSocket() {
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_un address;
    socklen_t length = sizeof address;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
        address.sun_family == AF_UNIX)
      return fd;
  }
  return -1;
}

// Tries the attempt in the sandbox. Never returns; exits with the errno of the
// attempt, or 0 if it succeeded.
[[noreturn]] void BeEvil(const Attempt& attempt, SandboxMode mode,
                         const std::string& endpoint, const std::string& peer,
                         const Arena& inputs, const Arena& outputs) {
  Sandbox sandbox(mode);
  auto input =
      MappedRegion::Map(inputs.reader_fd(), MappedRegion::Access::kRead);
  MUST(input);
  sandbox.Prepare();
  auto channel = PeerChannel::Connect(endpoint, peer);
  const auto pid = static_cast<std::uint32_t>(getpid());
  MUST(channel && (*channel)->Send(Ready{pid}));
  const auto welcome = (*channel)->Receive(Millis(5000));
  MUST(welcome && welcome->has_value());
  Cell cell;
  cell.input_fd = inputs.reader_fd();
  cell.output_fd = outputs.writer_fd();
  cell.socket_fd = FindSocket();
  cell.input = const_cast<std::uint8_t*>(input->View(0, 4096)->data());
  cell.coordinator = getppid();
  MUST(cell.socket_fd >= 0);
  MUST(sandbox.Close());
  errno = 0;
  const long result = attempt.deed(cell);
  _exit(result == -1 ? errno : 0);
}

// Acts as the coordinator, in a process of its own. Returns the wait status of
// the worker.
int Coordinate(const Attempt& attempt, SandboxMode mode) {
  MemoryBudget budget(std::uint64_t{1} << 30);
  ArenaLayout layout;
  layout.slots = 1;
  layout.slot_bytes = 1 << 20;
  auto inputs = Arena::Create(layout, &budget);
  auto outputs = Arena::Create(layout, &budget);
  auto peer = RandomName();
  auto channel = RouterChannel::Bind();
  MUST(inputs && outputs && peer && channel);
  const pid_t pid = fork();
  if (pid == 0)
    BeEvil(attempt, mode, (*channel)->endpoint(), *peer, **inputs, **outputs);
  for (int i = 0; i < 500 && !(*channel)->HasInput(); ++i) {
    pollfd ready{(*channel)->fd(), POLLIN, 0};
    poll(&ready, 1, 10);
  }
  if ((*channel)->Receive()) (void)(*channel)->Send(*peer, Heartbeat{1});
  int status = 0;
  MUST(waitpid(pid, &status, 0) == pid);
  return status;
}

void BecomeNobody() {
  constexpr id_t kNobody = 65534;
  MUST(setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 &&
       setuid(kNobody) == 0);
}

int StatusOf(const Attempt& attempt, SandboxMode mode, bool as_nobody) {
  int answer[2];
  EXPECT_EQ(pipe(answer), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    if (as_nobody) BecomeNobody();
    const int status = Coordinate(attempt, mode);
    MUST(write(answer[1], &status, sizeof status) == sizeof status);
    _exit(0);
  }
  close(answer[1]);
  int status = kSetupFailed << 8;
  EXPECT_EQ(read(answer[0], &status, sizeof status),
            static_cast<ssize_t>(sizeof status));
  close(answer[0]);
  waitpid(pid, nullptr, 0);
  return status;
}

std::string Describe(int status) {
  if (WIFSIGNALED(status))
    return std::string("died of SIG") + sigabbrev_np(WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  if (code == kSetupFailed) return "could not even begin";
  return code == 0 ? "succeeded" : std::strerror(code);
}

class SandboxEscape : public testing::TestWithParam<Attempt> {};

// Runs as the current user; if that is root, as an ordinary user too.
TEST_P(SandboxEscape, Fails) {
  const Attempt& attempt = GetParam();
  const std::string fate =
      attempt.error == 0 ? "died of SIGSYS" : std::strerror(attempt.error);
  for (const bool as_nobody : {false, true}) {
    if (as_nobody && geteuid() != 0) continue;
    SCOPED_TRACE(as_nobody ? "as nobody" : "as oneself");
    EXPECT_EQ(Describe(StatusOf(attempt, SandboxMode::kRequire, as_nobody)),
              fate);
    const std::string outside =
        Describe(StatusOf(attempt, SandboxMode::kOff, as_nobody));
    EXPECT_NE(outside, "died of SIGSYS");
    EXPECT_NE(outside, "could not even begin");
  }
}

INSTANTIATE_TEST_SUITE_P(Worker, SandboxEscape, testing::ValuesIn(Attempts()),
                         [](const auto& each) {
                           return std::string(each.param.name);
                         });

}  // namespace
}  // namespace thumbmill
