// tests/unit/round_watch.h: measures the CPU time of each round of a loop.
//
// A descriptor that is always ready is handled once in each round. The time
// between two of its calls is therefore the time of one round. The loop then
// spins, which adds little to a round.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <chrono>

#include "common/unique_fd.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

class RoundWatch {
 public:
  explicit RoundWatch(EventLoop* loop) : loop_(loop) {
    EXPECT_TRUE(loop->Watch(fd_.get(), EPOLLIN, [this](std::uint32_t) {
      const auto now = CpuTime();
      if (rounds_++ > 0) longest_ = std::max(longest_, now - last_);
      last_ = now;
    }));
  }
  ~RoundWatch() { loop_->Unwatch(fd_.get()); }

  [[nodiscard]] int rounds() const { return rounds_; }
  [[nodiscard]] std::chrono::microseconds longest() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(longest_);
  }

 private:
  // Of this thread, system calls included. Waiting for a core does not count.
  static std::chrono::nanoseconds CpuTime() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) +
           std::chrono::nanoseconds(now.tv_nsec);
  }

  EventLoop* loop_;
  UniqueFd fd_{eventfd(1, EFD_CLOEXEC)};
  int rounds_ = 0;
  std::chrono::nanoseconds last_{0}, longest_{0};
};

// The bound of docs/architecture.md for a round.
inline constexpr std::chrono::milliseconds kLongestRound{20};

}  // namespace thumbmill
