// tests/unit/round_watch.h: measures the CPU time of each round of a loop.
//
// A descriptor that is always ready is handled once in each round. The time
// between two of its calls is therefore the time of one round. The loop then
// spins, which adds little to a round.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <time.h>

#include <chrono>

#include "common/unique_fd.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

// The bound of docs/architecture.md for a round.
inline constexpr std::chrono::milliseconds kLongestRound{20};
// Work on all bytes of an item makes a long round for each item of a test. One
// round may be long by chance, as when a virtual machine loses its core.
inline constexpr int kLongByChance = 1;

class RoundWatch {
 public:
  explicit RoundWatch(EventLoop* loop) : loop_(loop) {
    EXPECT_TRUE(loop->Watch(fd_.get(), EPOLLIN, [this](std::uint32_t) {
      const auto now = CpuTime();
      if (rounds_++ > 0 && now - last_ >= kLongestRound) ++long_rounds_;
      last_ = now;
    }));
  }
  ~RoundWatch() { loop_->Unwatch(fd_.get()); }

  [[nodiscard]] int rounds() const { return rounds_; }
  // Returns how many rounds took kLongestRound or more.
  [[nodiscard]] int long_rounds() const { return long_rounds_; }

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
  int long_rounds_ = 0;
  std::chrono::nanoseconds last_{0};
};

}  // namespace thumbmill
