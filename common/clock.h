// common/clock.h: time as an argument, so that a test can set it.
//
// Units    std::chrono everywhere; `Millis` is the unit of flags and deadlines.
// Threads  any may read SteadyClock; one thread uses a ManualClock.
#pragma once

#include <chrono>

namespace thumbmill {

using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using TimePoint = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint Now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const override {
    return std::chrono::steady_clock::now();
  }
};

// Stands still until Advance(): for tests.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const override { return now_; }
  void Advance(Millis by) { now_ += by; }

 private:
  TimePoint now_{};
};

}  // namespace thumbmill
