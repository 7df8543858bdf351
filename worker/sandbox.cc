#include "worker/sandbox.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sched.h>
#include <sys/prctl.h>

#include <cerrno>
#include <ctime>
#include <memory>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TM_SANITIZED 1
#endif
#endif

namespace thumbmill {
namespace {

#if defined(TM_SANITIZED)

Status LoadFilter() {
  return Fail(ErrorCode::kUnavailable,
              "a sanitizer's run time needs more than the filter allows");
}

#else

// Memory; waiting; descriptors that are open already; dying; the clock.
// libzmq's thread and ours share the list.
constexpr int kAllowed[] = {
    SCMP_SYS(mmap),         SCMP_SYS(munmap),        SCMP_SYS(mremap),
    SCMP_SYS(madvise),      SCMP_SYS(brk),           SCMP_SYS(futex),
    SCMP_SYS(poll),         SCMP_SYS(ppoll),         SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),  SCMP_SYS(epoll_ctl),     SCMP_SYS(nanosleep),
    SCMP_SYS(sched_yield),  SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(read),          SCMP_SYS(write),
    SCMP_SYS(readv),        SCMP_SYS(writev),        SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),      SCMP_SYS(sendto),        SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),     SCMP_SYS(close),         SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),   SCMP_SYS(lseek),         SCMP_SYS(getpid),
    SCMP_SYS(gettid),       SCMP_SYS(getppid),       SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),  SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrandom),    SCMP_SYS(exit),          SCMP_SYS(exit_group),
    // How much memory there is: qsort() asks before it sorts many.
    SCMP_SYS(sysinfo),
    // A thread that libzmq created, but that has not run yet.
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(sched_getparam),  SCMP_SYS(sched_getscheduler),
};

struct Release {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

int AddRules(scmp_filter_ctx filter) {
  for (const int call : kAllowed)
    if (const int refused = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0))
      return refused;
  // That thread asks for the priority that it has, and gives itself a name.
  if (const int refused = seccomp_rule_add(
          filter, SCMP_ACT_ALLOW, SCMP_SYS(sched_setscheduler), 1,
          SCMP_A1(SCMP_CMP_EQ, SCHED_OTHER, 0)))
    return refused;
  int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                               SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
  if (error != 0) return error;
  // Refused, not fatal: glibc looks for vm.overcommit_memory when it shrinks a
  // heap, and is content not to be told.
  error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
  if (error != 0) return error;
  // glibc's heap grows with it; code is never made.
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

Status LoadFilter() {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return Fail(ErrorCode::kUnavailable, "seccomp_init failed");
  // libzmq's threads are there already.
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (error == 0) error = AddRules(filter.get());
  if (error == 0) error = seccomp_load(filter.get());
  if (error == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              SystemError("loading a seccomp filter", -error).what, -error);
}

#endif

}  // namespace

Status EnterSandbox(SandboxMode mode) {
  if (mode == SandboxMode::kOff) return {};
  // Little CMS dates the profiles that it makes, and the first look at the
  // clock opens /etc/localtime.
  tzset();
#if !defined(TM_SANITIZED)
  // RLIMIT_CORE does not keep a core handler from being run; this does.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  return LoadFilter();
}

}  // namespace thumbmill
