// coordinator/loop/signals.h: signals as events of the loop. During a run no
// work happens in a signal handler.
//
// SIGINT, SIGTERM and SIGHUP are the stop signals. SIGTSTP pauses the run,
// SIGUSR2 prints its current state, SIGWINCH reports a new terminal size.
// SIGPIPE and SIGXFSZ are ignored: the write call returns the error.
#pragma once

#include <atomic>
#include <functional>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class EventLoop;

// Call first in main(). Stop signals stay pending until somebody reads or
// unblocks them.
void BlockSignals();
// Blocks the other signals of SignalWatch as well. Call before the first thread
// starts, so that all threads inherit the mask.
void BlockRunSignals();
// Lets stop signals through again. For a command that leaves nothing half done
// and so needs no orderly end.
void UnblockSignals();

// Stops this process as Ctrl-Z does. Returns when the process is continued.
void StopLikeAJob();

// A source that waits for a pipe polls fd() as well, to learn that it should
// end. That is so after Cancel(), and, until RunBegins(), while a stop signal
// is pending. The signal stays pending, and its reader is still to come.
class SourceCancel {
 public:
  [[nodiscard]] static Result<SourceCancel> Create();
  // Readable when the source should end.
  [[nodiscard]] int fd() const { return both_.get(); }
  // May be called from any thread.
  void Cancel() const;
  // Stops looking at signals: from here on the loop handles them.
  void RunBegins();

 private:
  UniqueFd both_, event_, signals_;
};

// Returns a stop signal that is pending, or 0 if there is none.
[[nodiscard]] int PendingEnd();

// While an object lives, a stop signal ends this process at once, with exit
// code 128 + signal. For steps that may block and leave nothing half done.
// Create one at a time, in the main thread, after BlockSignals().
class EndAtSignals {
 public:
  EndAtSignals();
  ~EndAtSignals();
  EndAtSignals(const EndAtSignals&) = delete;
  EndAtSignals& operator=(const EndAtSignals&) = delete;
};

// While an object lives, a stop signal sets `*flag`. A timer of `seconds` sets
// it too, unless `seconds` is 0. The rules for EndAtSignals apply here too.
class FlagAtSignals {
 public:
  FlagAtSignals(std::atomic<bool>* flag, unsigned seconds);
  ~FlagAtSignals();
  FlagAtSignals(const FlagAtSignals&) = delete;
  FlagAtSignals& operator=(const FlagAtSignals&) = delete;
};

class SignalWatch {
 public:
  // Calls `asked` in the loop's thread with each signal.
  [[nodiscard]] static Result<SignalWatch> Create(
      EventLoop* loop, std::function<void(int signal)> asked);
  SignalWatch(SignalWatch&&) = default;
  SignalWatch& operator=(SignalWatch&&) = default;
  ~SignalWatch();

 private:
  SignalWatch(EventLoop* loop, UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}
  EventLoop* loop_;
  UniqueFd fd_;
};

}  // namespace thumbmill
