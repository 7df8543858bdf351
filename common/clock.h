// common/clock.h: the units of time, and the clock that the programs read.
//
// A class that waits gets the time as an argument, so that a test can set it.
//
// Units    std::chrono everywhere; `Millis` is the unit of flags and deadlines.
// Threads  any may call Now(); one thread uses a ManualClock.
#pragma once

#include <chrono>

namespace thumbmill {

using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using TimePoint = std::chrono::steady_clock::time_point;

// Returns the time of the monotonic clock.
[[nodiscard]] inline TimePoint Now() {
  return std::chrono::steady_clock::now();
}

// Stands still until Advance(): for tests.
class ManualClock {
 public:
  [[nodiscard]] TimePoint Now() const { return now_; }
  void Advance(Millis by) { now_ += by; }

 private:
  TimePoint now_{};
};

}  // namespace thumbmill
