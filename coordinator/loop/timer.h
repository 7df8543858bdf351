// coordinator/loop/timer.h: one timer of the loop that ends with its owner.
//
// Runs in  the loop's thread.
#pragma once

#include <functional>
#include <utility>

#include "common/clock.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

class Timer {
 public:
  // `loop` must outlive the timer.
  explicit Timer(EventLoop* loop) : loop_(loop) {}
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Runs `fire` once after `delay`, in place of what was set before. `fire` may
  // set the timer again, and may destroy it.
  void Set(Millis delay, std::function<void()> fire) {
    Cancel();
    id_ = loop_->After(delay, [this, fire = std::move(fire)] {
      id_ = 0;
      fire();
    });
  }
  void Cancel() {
    if (id_ != 0) loop_->Cancel(std::exchange(id_, 0));
  }

 private:
  EventLoop* loop_;
  EventLoop::TimerId id_ = 0;  // 0 if it is not set
};

}  // namespace thumbmill
