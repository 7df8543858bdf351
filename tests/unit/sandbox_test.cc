// Links: tm_sandbox tm_common
#include "worker/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <vector>

namespace thumbmill {
namespace {

// Each case forks: the filter cannot be taken off again.
class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "there is no sandbox under AddressSanitizer";
#endif
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
  static void Enter() {
    if (!EnterSandbox(SandboxMode::kRequire)) _exit(99);
  }
};
using SandboxDeathTest = SandboxTest;

TEST_F(SandboxDeathTest, NoNewConnection) {
  EXPECT_EXIT(
      {
        Enter();
        (void)socket(AF_UNIX, SOCK_STREAM, 0);
      },
      testing::KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, NoNewProcess) {
  EXPECT_EXIT(
      {
        Enter();
        (void)fork();
      },
      testing::KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, NoOtherProgram) {
  EXPECT_EXIT(
      {
        Enter();
        execl("/bin/true", "true", nullptr);
      },
      testing::KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, NoFileIsOpened) {
  EXPECT_EXIT(
      {
        Enter();
        _exit(open("/etc/passwd", O_RDONLY) == -1 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(SandboxDeathTest, NoMemoryBecomesCode) {
  EXPECT_EXIT(
      {
        void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        Enter();
        mprotect(page, 4096, PROT_READ | PROT_EXEC);
      },
      testing::KilledBySignal(SIGSYS), "");
}

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
  EXPECT_EXIT(
      {
        Enter();
        for (int i = 0; i < 100; ++i)
          std::vector<char>(static_cast<std::size_t>(i) << 16, 'x').clear();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(SandboxTest, OffIsOff) {
  ASSERT_TRUE(EnterSandbox(SandboxMode::kOff).has_value());
  const int fd = open("/dev/null", O_RDONLY);
  EXPECT_GE(fd, 0);
  close(fd);
}

}  // namespace
}  // namespace thumbmill
