// Only this file includes Boost.Process, which costs seconds of compile time.
#include "coordinator/pool/spawn.h"

#include <fcntl.h>
#include <signal.h>
extern "C" {  // glibc 2.36 omits this in its header
#include <sys/pidfd.h>
}
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "common/check.h"
#include "coordinator/pool/inherited.h"
#include "proto/worker_args.h"

namespace thumbmill {
namespace {

namespace bp = boost::process;

constexpr std::size_t kMaxPassed = 4;
constexpr int kLeastTheirs = 100;

// A worker must know no secret, so it gets no environment but these variables.
// They are no secrets. Without them a program that was built with a sanitizer,
// or against libraries in an unusual place, would behave differently from its
// coordinator.
constexpr const char* kKeptVariables[] = {
    "ASAN_OPTIONS", "UBSAN_OPTIONS",   "LSAN_OPTIONS",
    "TSAN_OPTIONS", "LD_LIBRARY_PATH", "ASAN_SYMBOLIZER_PATH"};

bp::environment LittleEnvironment() {
  bp::environment environment;
  for (const char* name : kKeptVariables)
    if (const char* value = std::getenv(name)) environment[name] = value;
  return environment;
}

// Steps of the child between fork and exec: system calls only.
struct ChildSetup {
  pid_t parent = 0;
  int null = -1;          // /dev/null, for its standard input and output
  int error_output = -1;  // its stderr; -1 for ours
  std::array<PassedFd, kMaxPassed> passed;
  std::size_t count = 0;

  void Run() const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above.
    if (getppid() != parent) _exit(127);
    // The terminal sends Ctrl-C only to the coordinator's group.
    setpgid(0, 0);
    // A blocked or ignored signal stays so after exec.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    PassDescriptors();
    if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
      _exit(127);
    if (error_output >= 0 && dup2(error_output, STDERR_FILENO) < 0) _exit(127);
  }

  [[noreturn]] static void RefuseToInherit() {
    constexpr char kWhy[] =
        "worker: cannot keep the coordinator's open files from it: "
        "close_range() is refused, /proc/self/fd cannot be read, and the limit "
        "of open files is above 1048576; lower that limit (ulimit -Hn)\n";
    (void)!write(STDERR_FILENO, kWhy, sizeof kWhy - 1);
    _exit(kWorkerExitSetup);
  }

  void PassDescriptors() const {
    // First moves all above the targets. Else a dup2() could overwrite a
    // descriptor that is still to be passed, or be of n onto n, which would
    // leave it close-on-exec.
    int above = kLeastTheirs;
    for (std::size_t i = 0; i < count; ++i)
      above = std::max(above, passed[i].theirs + 1);
    std::array<int, kMaxPassed> moved;
    for (std::size_t i = 0; i < count; ++i) {
      moved[i] = fcntl(passed[i].ours, F_DUPFD_CLOEXEC, above);
      if (moved[i] < 0) _exit(127);
    }
    // Marks descriptors, and does not close them: the pipe on which Boost
    // reports a failed exec must stay open until then.
    if (!MarkInherited(STDERR_FILENO + 1)) RefuseToInherit();
    for (std::size_t i = 0; i < count; ++i)
      if (dup2(moved[i], passed[i].theirs) < 0) _exit(127);
  }
};

ChildSetup SetupFor(const SpawnRequest& request) {
  CHECK(request.descriptors.size() <= kMaxPassed);
  ChildSetup setup;
  setup.parent = getpid();
  for (const PassedFd& fd : request.descriptors) {
    CHECK(fd.theirs >= kLeastTheirs);
    setup.passed[setup.count++] = fd;
  }
  return setup;
}

Result<pid_t> StartChild(const SpawnRequest& request) {
  // Opens /dev/null here. If Boost cannot open it for bp::null, its child
  // reports that in a way that may never return.
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return FailSystem("cannot open /dev/null", errno);
  ChildSetup setup = SetupFor(request);
  setup.null = null.get();
  setup.error_output = request.error_output;
  std::error_code error;
  // Boost itself asks only once for the end of the child, without waiting, and
  // so may leave a zombie.
  const auto reap = [](auto& executor, const std::error_code&) {
    if (executor.pid > 0) waitpid(executor.pid, nullptr, 0);
  };
  try {
    bp::child child(
        bp::exe = request.program, bp::args = request.arguments,
        LittleEnvironment(),
        bp::extend::on_exec_setup = [&setup](auto&) { setup.Run(); },
        bp::extend::on_error = reap, error);
    if (error)
      return FailSystem("cannot start " + request.program, error.value());
    // If Boost gets no descriptor for its pipe, it reports no error, but a
    // child whose pid is -1: kill() takes that for every process.
    if (!child.valid())
      return Fail(
          ErrorCode::kUnavailable,
          "cannot start " + request.program +
              ": no file descriptors are left; raise the limit (ulimit -n)");
    const pid_t pid = child.id();
    child.detach();  // WorkerPool reaps it through its pidfd
    return pid;
  } catch (const bp::process_error& thrown) {
    return FailSystem("cannot start " + request.program, thrown.code().value());
  }
}

}  // namespace

Result<SpawnedProcess> Spawn(const SpawnRequest& request) {
  ASSIGN_OR_RETURN(const pid_t pid, StartChild(request));
  SpawnedProcess process;
  process.pid = pid;
  // The child is ours and not reaped, so no other process can have its pid.
  process.pidfd.Reset(pidfd_open(pid, 0));
  if (process.pidfd.valid()) return process;
  const int error = errno;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return FailSystem("cannot watch the process of " + request.program, error);
}

}  // namespace thumbmill
