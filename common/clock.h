// common/clock.h: time as an argument, so that tests own it.
//
// Units    std::chrono everywhere; `Millis` is the unit of flags and deadlines.
// Threads  SteadyClock may be read from any thread; ManualClock is for one.
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

// Moves only when told to: for tests.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const override { return now_; }
  void Advance(Millis by) { now_ += by; }

 private:
  TimePoint now_{};
};

}  // namespace thumbmill
