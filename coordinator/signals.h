// coordinator/signals.h: signals as events of the loop; nothing happens in a
// handler.
//
// Block() comes first in main(), before any thread is made, so that all
// threads inherit the mask. SIGINT, SIGTERM and SIGHUP ask for an end;
// SIGPIPE is ignored: a write that fails says so itself.
#pragma once

#include <functional>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class EventLoop;

void BlockSignals();

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
