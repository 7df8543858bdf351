// Links: tm_pool tm_common
//
// Tests each way to mark descriptors, in a process whose filter refuses the
// ways before it.
#include "coordinator/pool/inherited.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace thumbmill {
namespace {

constexpr int kHigh = 700;

// Makes these system calls fail with EPERM from now on.
void Refuse(std::initializer_list<int> calls) {
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  auto left = static_cast<std::uint8_t>(calls.size());
  for (const int call : calls)
    // A match jumps over the remaining comparisons and the ALLOW to the last
    // instruction, which returns the error.
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                               static_cast<std::uint32_t>(call), left--, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    _exit(9);
}

// Returns 0 if all descriptors from 10 on are marked and none below, 1 if not,
// 2 if MarkInherited() fails.
int MarkAndLook() {
  if (dup2(0, 8) < 0 || dup2(0, 10) < 0 || dup2(0, kHigh) < 0) return 9;
  if (!MarkInherited(10)) return 2;
  for (const int fd : {10, kHigh})
    if (fcntl(fd, F_GETFD) != FD_CLOEXEC) return 1;
  return fcntl(8, F_GETFD) == 0 ? 0 : 1;
}

void LimitFiles(rlim_t most) {
  const rlimit limit{1024, most};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(9);
}

TEST(MarkInheritedDeathTest, InOneCall) {
  EXPECT_EXIT(_exit(MarkAndLook()), testing::ExitedWithCode(0), "");
}

TEST(MarkInheritedDeathTest, ByTheListOfWhatIsOpen) {
  EXPECT_EXIT(
      {
        Refuse({SYS_close_range});
        _exit(MarkAndLook());
      },
      testing::ExitedWithCode(0), "");
}

TEST(MarkInheritedDeathTest, ByNumberWhereNothingIsListed) {
  EXPECT_EXIT(
      {
        LimitFiles(2048);
        Refuse({SYS_close_range, SYS_getdents64});
        _exit(MarkAndLook());
      },
      testing::ExitedWithCode(0), "");
}

TEST(MarkInheritedDeathTest, SaysWhereNothingHelps) {
  EXPECT_EXIT(
      {
        Refuse({SYS_close_range, SYS_getdents64, SYS_prlimit64});
        _exit(MarkAndLook());
      },
      testing::ExitedWithCode(2), "");
}

}  // namespace
}  // namespace thumbmill
