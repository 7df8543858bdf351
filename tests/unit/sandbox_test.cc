// Links: tm_sandbox tm_common tm_proto
//
// Tests each layer behind the filter alone, and the calls that the filter
// allows. escape_test.cc tests the calls that it stops.
#include "worker/sandbox/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "common/log.h"
#include "proto/channel.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/namespaces.h"

namespace thumbmill {
namespace {

// Each case forks, because a process cannot leave a sandbox. The process exits
// with 0, or with a code that is computed from the line of the first failure.
#define MUST(condition) \
  if (!(condition)) _exit(__LINE__ % 250 + 1)

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  static void Enter() {
    Sandbox sandbox(SandboxMode::kRequire);
    sandbox.Prepare();
    MUST(sandbox.Close());
  }
};
using SandboxDeathTest = SandboxTest;

template <typename Deed>
void InAnother(Deed deed) {
  EXPECT_EXIT(
      {
        deed();
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

bool Fails(long result, int error) { return result == -1 && errno == error; }

int ConnectTo(const std::string& abstract) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, abstract.data(), abstract.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                             1 + abstract.size());
  return connect(fd, reinterpret_cast<sockaddr*>(&address), length);
}

// Returns "name" for "ipc://@name".
std::string NameOf(const RouterChannel& channel) {
  return channel.endpoint().substr(std::strlen("ipc://@"));
}

// ---- the filter --------------------------------------------------------

TEST_F(SandboxDeathTest, ThreadsThatWereThereAreHeldToo) {
  EXPECT_EXIT(
      {
        int go[2];
        if (pipe(go) != 0) _exit(98);
        std::thread thread([&go] {
          char byte;
          if (read(go[0], &byte, 1) == 1) (void)socket(AF_INET, SOCK_STREAM, 0);
          _exit(97);
        });
        Enter();
        if (write(go[1], "x", 1) != 1) _exit(96);
        thread.join();
      },
      testing::KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, MemoryIsStillToBeHad) {
  InAnother([] {
    Enter();
    for (int i = 0; i < 100; ++i)
      std::vector<char>(static_cast<std::size_t>(i) << 16, 'x').clear();
  });
}

// A thread of libzmq that starts late sets its own scheduling policy again and
// blocks all signals. The filter tells it that both succeeded.
TEST_F(SandboxDeathTest, AThreadIsToldThatItsPolicyWasSet) {
  InAnother([] {
    const sched_param none{};
    Enter();
    MUST(sched_setscheduler(0, SCHED_OTHER, &none) == 0);
    MUST(sched_getscheduler(getppid()) == 0);
  });
}

TEST_F(SandboxDeathTest, NoPolicyIsSetAnywhere) {
  const int before = sched_getscheduler(0);
  InAnother([] {
    const sched_param none{};
    Enter();
    MUST(sched_setscheduler(getppid(), SCHED_BATCH, &none) == 0);
    MUST(sched_setscheduler(getppid(), SCHED_IDLE, &none) == 0);
  });
  EXPECT_EQ(sched_getscheduler(0), before);
}

TEST_F(SandboxDeathTest, NoSignalIsBlocked) {
  EXPECT_EXIT(
      {
        Enter();
        sigset_t all;
        sigfillset(&all);
        MUST(sigprocmask(SIG_BLOCK, &all, nullptr) == 0);
        MUST(sigprocmask(SIG_SETMASK, &all, nullptr) == 0);
        syscall(SYS_tgkill, getpid(), gettid(), SIGABRT);
        _exit(0);
      },
      testing::KilledBySignal(SIGABRT), "");
}

TEST_F(SandboxDeathTest, AbortIsAsItWas) {
  EXPECT_EXIT(
      {
        Enter();
        abort();
      },
      testing::KilledBySignal(SIGABRT), "");
}

TEST_F(SandboxDeathTest, ALargeBlockStillGrows) {
  InAnother([] {
    Enter();
    auto* block = static_cast<char*>(malloc(8 << 20));
    block[0] = 'x';
    block = static_cast<char*>(realloc(block, 64 << 20));
    MUST(block != nullptr && block[0] == 'x');
  });
}

TEST_F(SandboxDeathTest, ALastWordIsHeard) {
  EXPECT_EXIT(
      {
        (void)InitLog({});
        Enter();
        LogError("the coordinator breaks the protocol");
        _exit(0);
      },
      testing::ExitedWithCode(0), "error.*the coordinator breaks the protocol");
}

TEST_F(SandboxDeathTest, AnAbortIsNamedTruly) {
  EXPECT_EXIT(
      {
        Enter();
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "");
}

TEST_F(SandboxDeathTest, AHeapThatWasSmashedIsReportedAsSuch) {
  EXPECT_EXIT(
      {
        Enter();
        char* volatile inside = static_cast<char*>(std::malloc(64)) + 16;
        std::free(inside);
      },
      testing::KilledBySignal(SIGABRT), "free");
}

TEST_F(SandboxTest, OffIsOff) {
  Sandbox sandbox(SandboxMode::kOff);
  sandbox.Prepare();
  ASSERT_TRUE(sandbox.Close().has_value());
  EXPECT_EQ(sandbox.missing(), "");
  const int fd = open("/dev/null", O_RDONLY);
  EXPECT_GE(fd, 0);
  close(fd);
}

// The kernel clears the setting when a process changes its credentials.
TEST_F(SandboxDeathTest, ItStillDiesWithItsParent) {
  InAnother([] {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Sandbox sandbox(SandboxMode::kAuto);
    sandbox.Prepare();
    (void)LeaveNetwork();
    (void)DropCapabilities();
    int signal = 0;
    MUST(prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal == SIGKILL);
  });
}

// ---- capabilities ------------------------------------------------------

TEST_F(SandboxDeathTest, NoCapabilityIsLeft) {
  InAnother([] {
    MUST(DropCapabilities());
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> held;
    MUST(syscall(SYS_capget, &header, held.data()) == 0);
    for (const auto& half : held)
      MUST((half.effective | half.permitted | half.inheritable) == 0);
  });
}

// ---- namespaces --------------------------------------------------------

TEST(SandboxNamespacesDeathTest, TheRootIsEmptyAndStaysSo) {
  InAnother([] {
    MUST(EnterNamespaces());
    DIR* root = opendir("/");
    MUST(root != nullptr);
    while (const dirent* entry = readdir(root)) MUST(entry->d_name[0] == '.');
    MUST(Fails(open("/proc/self/status", O_RDONLY), ENOENT));
    MUST(Fails(open("etc/passwd", O_RDONLY), ENOENT));
    MUST(Fails(open("../etc/passwd", O_RDONLY), ENOENT));
    MUST(Fails(mkdir("/x", 0700), EROFS));
  });
}

// Without capabilities the root cannot be made writable again.
TEST(SandboxNamespacesDeathTest, NothingIsMountedAfterwards) {
  InAnother([] {
    MUST(EnterNamespaces());
    MUST(LeaveNetwork());
    MUST(DropCapabilities());
    MUST(Fails(unshare(CLONE_NEWNET), EPERM));
    MUST(Fails(syscall(SYS_mount, "none", "/", "tmpfs", 0, nullptr), EPERM));
  });
}

TEST(SandboxNamespacesDeathTest, AbstractSocketsOfOthersAreNotFound) {
  auto channel = RouterChannel::Bind();
  ASSERT_TRUE(channel.has_value());
  const std::string name = NameOf(**channel);
  InAnother([&name] {
    MUST(EnterNamespaces());
    MUST(ConnectTo(name) == 0);  // works until the network is left
    MUST(LeaveNetwork());
    MUST(Fails(ConnectTo(name), ECONNREFUSED));
    MUST(if_nametoindex("lo") <= 1);
    MUST(if_nametoindex("eth0") == 0);
  });
}

// ---- Landlock ----------------------------------------------------------

TEST(SandboxLandlockDeathTest, NoFileIsOpenedMadeOrRemoved) {
  const std::string path =
      "/tmp/thumbmill-landlock-" + std::to_string(getpid());
  InAnother([&path] {
    const int before = open("/dev/null", O_RDONLY);
    MUST(before >= 0);
    MUST(DenyFiles());
    MUST(Fails(open("/etc/passwd", O_RDONLY), EACCES));
    MUST(Fails(open(path.c_str(), O_CREAT | O_WRONLY, 0600), EACCES));
    MUST(Fails(mkdir(path.c_str(), 0700), EACCES));
    MUST(Fails(open("/", O_RDONLY | O_DIRECTORY), EACCES));
    char byte;
    MUST(read(before, &byte, 1) == 0);  // open files stay open
  });
}

TEST(SandboxLandlockScopesDeathTest, NoOtherProcessGetsASignal) {
  InAnother([parent = getpid()] {
    MUST(kill(parent, 0) == 0);
    MUST(DenyFiles());
    MUST(Fails(kill(parent, 0), EPERM));
    MUST(kill(getpid(), 0) == 0);
  });
}

TEST(SandboxLandlockScopesDeathTest, NoAbstractSocketOfAnotherIsReached) {
  auto channel = RouterChannel::Bind();
  ASSERT_TRUE(channel.has_value());
  const std::string name = NameOf(**channel);
  InAnother([&name] {
    MUST(DenyFiles());
    MUST(ConnectTo(name) == 0);
    MUST(DenyAbstractSockets());
    MUST(Fails(ConnectTo(name), EPERM));
  });
}

}  // namespace
}  // namespace thumbmill
