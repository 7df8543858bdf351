#include "common/thread.h"

#include <pthread.h>
#include <sched.h>

#include <csignal>
#include <latch>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace thumbmill {
namespace {

// Blocks all signals for its lifetime. Threads that start meanwhile inherit the
// blocked mask, so no signal reaches them.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<std::thread> StartThread(const char* name, std::function<void()> run) {
  const NoSignals none;
  try {
    std::thread thread(std::move(run));
    pthread_setname_np(thread.native_handle(),
                       std::string(name).substr(0, 15).c_str());
    return thread;
  } catch (const std::system_error& error) {
    return Fail(
        ErrorCode::kUnavailable,
        SystemError("cannot start a thread", error.code().value()).what +
            "; allow more processes (ulimit -u) or memory",
        error.code().value());
  }
}

Status CanHaveThreads(std::size_t count) {
  std::latch go(1);
  std::vector<std::thread> threads;
  Status status;
  while (threads.size() < count && status) {
    // Each probe waits, so that all of them exist at the same time.
    auto thread = StartThread("tm-probe", [&go] { go.wait(); });
    if (thread) {
      threads.push_back(*std::move(thread));
    } else {
      status = tl::unexpected<Error>(thread.error());
    }
  }
  go.count_down();
  for (std::thread& thread : threads) thread.join();
  if (status) return {};
  return Fail(ErrorCode::kUnavailable,
              SystemError("cannot make a thread", status.error().sys).what +
                  "; this run needs " + std::to_string(count) +
                  ": raise the limit (ulimit -u), or end other programs of "
                  "this user",
              status.error().sys);
}

// Sets the scheduling that this thread already has.
Status CanSetScheduling() {
  int policy = 0;
  sched_param parameters{};
  const pthread_t self = pthread_self();
  int sys = pthread_getschedparam(self, &policy, &parameters);
  if (sys == 0) sys = pthread_setschedparam(self, policy, &parameters);
  if (sys == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              SystemError("sched_setscheduler is refused", sys).what +
                  "; libzmq needs it: let the filter of the container allow it",
              sys);
}

}  // namespace thumbmill
