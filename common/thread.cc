#include "common/thread.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
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

// Sets the scheduling that the thread already has. Returns an errno, or 0.
int SetOwnScheduling() {
  int policy = 0;
  sched_param parameters{};
  const int read = pthread_getschedparam(pthread_self(), &policy, &parameters);
  if (read != 0) return read;
  return pthread_setschedparam(pthread_self(), policy, &parameters);
}

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

Status CanHaveThreads(int count) {
  std::latch go(1);
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  Status status;
  for (int i = 0; i < count && status; ++i) {
    // Each probe waits, so that all of them exist at the same time.
    auto thread = StartThread("tm-probe", [&go, &refused] {
      if (const int why = SetOwnScheduling(); why != 0) refused = why;
      go.wait();
    });
    if (thread) threads.push_back(*std::move(thread));
    if (!thread) status = tl::unexpected<Error>(thread.error());
  }
  go.count_down();
  for (std::thread& thread : threads) thread.join();
  if (!status || refused == 0) return status;
  return Fail(ErrorCode::kUnavailable,
              SystemError("a thread may not set its own scheduling "
                          "(sched_setscheduler), which libzmq needs",
                          refused)
                  .what,
              refused);
}

}  // namespace thumbmill
