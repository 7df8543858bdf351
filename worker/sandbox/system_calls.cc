#include "worker/sandbox/system_calls.h"

#include <linux/futex.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/sandbox/sanitized.h"

namespace thumbmill {

#if defined(TM_SANITIZED)

Status AllowOnlyNeededCalls() {
  return Fail(ErrorCode::kUnavailable,
              "a sanitizer's run time needs more than the filter allows");
}

#else

namespace {

struct Rule {
  int call;
  std::vector<scmp_arg_cmp> arguments = {};  // all must be true
};

// Compares only the lower half of the register, as the kernel does for an int.
scmp_arg_cmp IntIs(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffff, value};
}

scmp_arg_cmp BitsAre(unsigned argument, std::uint64_t mask,
                     std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

scmp_arg_cmp IsNull(unsigned argument) { return {argument, SCMP_CMP_EQ, 0, 0}; }

// Returns the condition that no other bit is set.
scmp_arg_cmp OnlyBits(unsigned argument, std::uint64_t bits) {
  return BitsAre(argument, ~bits, 0);
}

std::vector<Rule> MemoryRules() {
  // Memory must be private, without a file, and never code. No other flag is
  // allowed: MAP_GROWSDOWN would make it a stack, which RLIMIT_DATA does not
  // count.
  const scmp_arg_cmp plain =
      BitsAre(3, ~std::uint64_t{MAP_NORESERVE}, MAP_PRIVATE | MAP_ANONYMOUS);
  const scmp_arg_cmp no_code = OnlyBits(2, PROT_READ | PROT_WRITE);
  return {
      {SCMP_SYS(mmap), {no_code, plain}},
      {SCMP_SYS(mprotect), {no_code}},
      {SCMP_SYS(munmap)},
      {SCMP_SYS(brk)},
      {SCMP_SYS(madvise), {IntIs(2, MADV_DONTNEED)}},
      {SCMP_SYS(madvise), {IntIs(2, MADV_FREE)}},
      {SCMP_SYS(madvise), {IntIs(2, MADV_HUGEPAGE)}},
      // qsort() asks for the size of memory before it sorts many elements.
      {SCMP_SYS(sysinfo)},
      {SCMP_SYS(getrandom)},
  };
}

// Allows the futex calls by which glibc waits and wakes, and not those with
// priorities or with several futexes at once.
Rule Futex(std::uint64_t operation) {
  constexpr std::uint64_t kFlags = FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
  return {SCMP_SYS(futex), {BitsAre(1, 0xffffffff & ~kFlags, operation)}};
}

std::vector<Rule> WaitingRules() {
  return {
      Futex(FUTEX_WAIT),         Futex(FUTEX_WAKE),
      Futex(FUTEX_WAIT_BITSET),  {SCMP_SYS(poll)},
      {SCMP_SYS(ppoll)},         {SCMP_SYS(epoll_wait)},
      {SCMP_SYS(epoll_pwait)},   {SCMP_SYS(epoll_ctl)},
      {SCMP_SYS(nanosleep)},     {SCMP_SYS(clock_nanosleep)},
      {SCMP_SYS(sched_yield)},   {SCMP_SYS(restart_syscall)},
      {SCMP_SYS(clock_gettime)}, {SCMP_SYS(gettimeofday)},
  };
}

// Allows the use of open descriptors, without sendmsg() and recvmsg(), which
// can pass descriptors. An address is not allowed, since the socket has its
// peer, and neither is out-of-band data.
std::vector<Rule> DescriptorRules() {
  constexpr std::uint64_t kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const scmp_arg_cmp plain = BitsAre(3, 0xffffffff & ~kFlags, 0);
  return {
      {SCMP_SYS(read)},
      {SCMP_SYS(write)},
      {SCMP_SYS(writev)},  // glibc's last words before abort()
      {SCMP_SYS(recvfrom), {plain, IsNull(4)}},
      {SCMP_SYS(sendto), {plain, IsNull(4)}},
      {SCMP_SYS(close)},
      {SCMP_SYS(fstat)},
  };
}

// Allows exits, and the calls of abort(), so that its signal is the true one. A
// worker can send itself no other signal: a SIGKILL or SIGSTOP never comes from
// the worker. It can block no signal, not even by a return from a handler that
// never ran, because SIGXCPU must end a worker that has used up its time.
std::vector<Rule> EndingRules() {
  return {
      {SCMP_SYS(getpid)},
      {SCMP_SYS(gettid)},
      {SCMP_SYS(getppid)},
      {SCMP_SYS(tgkill),
       {IntIs(0, static_cast<std::uint64_t>(getpid())), IntIs(2, SIGABRT)}},
      {SCMP_SYS(rt_sigaction), {IntIs(0, SIGABRT)}},
      {SCMP_SYS(rt_sigprocmask), {IntIs(0, SIG_UNBLOCK)}},
      {SCMP_SYS(exit)},
      {SCMP_SYS(exit_group)},
  };
}

// Allows the first calls of a thread that libzmq has created but that has not
// run yet.
std::vector<Rule> ThreadRules() {
  return {
      {SCMP_SYS(set_robust_list)},
      {SCMP_SYS(rseq)},
      {SCMP_SYS(prctl), {IntIs(0, PR_SET_NAME)}},
  };
}

// Calls that are refused and do not end the process. glibc opens
// vm.overcommit_memory when it shrinks a heap, and looks at /etc/localtime, and
// goes on without an answer. mremap() would make a stack grow, which
// RLIMIT_DATA does not count; realloc() copies if it cannot move.
constexpr int kRefused[] = {SCMP_SYS(openat), SCMP_SYS(newfstatat),
                            SCMP_SYS(mremap)};

// Calls that do nothing and return 0. A new thread of libzmq blocks all signals
// and sets the scheduling that it has already; libzmq aborts if a call fails.
// The calls are not done, because a blocked SIGXCPU would not end the process,
// and because scheduling calls can name other processes.
std::vector<Rule> PretendedRules() {
  return {
      {SCMP_SYS(rt_sigprocmask), {IntIs(0, SIG_BLOCK)}},
      {SCMP_SYS(rt_sigprocmask), {IntIs(0, SIG_SETMASK)}},
      {SCMP_SYS(sched_getparam)},
      {SCMP_SYS(sched_getscheduler)},
      {SCMP_SYS(sched_setscheduler)},
  };
}

int Add(scmp_filter_ctx filter, std::uint32_t action, const Rule& rule) {
  return seccomp_rule_add_array(filter, action, rule.call,
                                static_cast<unsigned>(rule.arguments.size()),
                                rule.arguments.data());
}

int AddRules(scmp_filter_ctx filter) {
  for (const auto& rules : {MemoryRules(), WaitingRules(), DescriptorRules(),
                            EndingRules(), ThreadRules()})
    for (const Rule& rule : rules)
      if (const int error = Add(filter, SCMP_ACT_ALLOW, rule)) return error;
  for (const Rule& rule : PretendedRules())
    if (const int error = Add(filter, SCMP_ACT_ERRNO(0), rule)) return error;
  for (const int call : kRefused)
    if (const int error =
            seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), call, 0))
      return error;
  return 0;
}

struct Release {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};

int Load() {
  const std::unique_ptr<void, Release> filter(
      seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return -EOPNOTSUPP;
  const auto set = [&filter](scmp_filter_attr attribute, std::uint32_t value) {
    return seccomp_attr_set(filter.get(), attribute, value);
  };
  // The filter must bind libzmq's threads, which exist already.
  if (const int error = set(SCMP_FLTATR_CTL_TSYNC, 1)) return error;
  // Calls by another table of numbers, such as that of 32 bits, end the
  // process.
  if (const int error = set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS))
    return error;
  // Errors keep the kernel's own reason.
  if (const int error = set(SCMP_FLTATR_API_SYSRAWRC, 1)) return error;
  if (const int error = AddRules(filter.get())) return error;
  return seccomp_load(filter.get());
}

}  // namespace

Status AllowOnlyNeededCalls() {
  const int error = Load();
  if (error == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              SystemError("loading a seccomp filter", -error).what, -error);
}

#endif

}  // namespace thumbmill
