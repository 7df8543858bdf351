// coordinator/loop/signals.h: signals as events of the loop; nothing happens in
// a handler.
//
// SIGINT, SIGTERM and SIGHUP ask for an end, SIGTSTP for a pause, SIGUSR2 what
// is being done; SIGWINCH tells that the terminal has another size. SIGPIPE and
// SIGXFSZ are ignored: a write that fails says so itself.
#pragma once

#include <atomic>
#include <functional>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class EventLoop;

// Comes first in main(): what asks for an end waits until it is watched.
void BlockSignals();
// Before any thread is made, so that all inherit the mask: so do the others.
void BlockRunSignals();
// For a command that does nothing which would need an orderly end.
void UnblockSignals();

// Stops this process as Ctrl-Z does; returns when it is continued.
void StopLikeAJob();

// What a source that waits for a pipe polls, to be told that it should end:
// Cancel() was called, or, until RunBegins(), a signal asks for an end. Takes
// no signal: the run, or whoever ends before it, still has to.
class SourceCancel {
 public:
  [[nodiscard]] static Result<SourceCancel> Create();
  // Readable when the source should end.
  [[nodiscard]] int fd() const { return both_.get(); }
  // May be called from any thread.
  void Cancel() const;
  // From here on the loop answers to signals.
  void RunBegins();

 private:
  UniqueFd both_, event_, signals_;
};

// A blocked signal that asks for an end and was sent already; 0: none.
[[nodiscard]] int PendingEnd();

// While it lives, what asks for an end ends this process at once, with exit
// code 128 + signal: for steps that may block and leave nothing in part. One at
// a time, from the main thread, after BlockSignals().
class EndAtSignals {
 public:
  EndAtSignals();
  ~EndAtSignals();
  EndAtSignals(const EndAtSignals&) = delete;
  EndAtSignals& operator=(const EndAtSignals&) = delete;
};

// While it lives, what asks for an end sets `*flag`, and so do `seconds` that
// have passed, unless they are 0. As EndAtSignals otherwise.
class FlagAtSignals {
 public:
  FlagAtSignals(std::atomic<bool>* flag, unsigned seconds);
  ~FlagAtSignals();
  FlagAtSignals(const FlagAtSignals&) = delete;
  FlagAtSignals& operator=(const FlagAtSignals&) = delete;
};

class SignalWatch {
 public:
  // `asked` is called in the loop's thread with each signal.
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
