// coordinator/net/speed_window.h: bytes of the last seconds, for "slower than
// X over Y seconds".
//
// Units    time is what the transfer was allowed to run, pauses left out; the
//          caller counts it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

// A ring of sixteenths of the window: a stall is noticed within a sixteenth
// more than the window, for 130 bytes a transfer.
class SpeedWindow {
 public:
  explicit SpeedWindow(Millis window)
      : step_(std::max<Micros>(Micros(window) / kSteps, Micros(1))) {}

  void Add(Micros now, std::uint64_t bytes) {
    Advance(now);
    bytes_[Slot(step_now_)] += bytes;
  }

  // Of the whole window before `now`; a window that is not over yet counts
  // as full speed, else no transfer would live through its first moment.
  [[nodiscard]] bool SlowerThan(std::uint64_t bytes_per_second, Micros now) {
    Advance(now);
    if (step_now_ < kSteps) return false;
    std::uint64_t sum = 0;
    for (const std::uint64_t each : bytes_) sum += each;
    const auto needed = static_cast<double>(bytes_per_second) *
                        static_cast<double>((step_ * kSteps).count()) / 1e6;
    return static_cast<double>(sum) < needed;
  }

 private:
  static constexpr std::int64_t kSteps = 16;
  static std::size_t Slot(std::int64_t step) {
    return static_cast<std::size_t>(step % (kSteps + 1));
  }
  void Advance(Micros now) {
    const std::int64_t step = now / step_;
    // A gap longer than the ring leaves nothing of it.
    step_now_ = std::max(step_now_, step - kSteps - 1);
    while (step_now_ < step) bytes_[Slot(++step_now_)] = 0;
  }

  Micros step_;
  std::int64_t step_now_ = 0;
  // One more than a window: the last is still filling.
  std::array<std::uint64_t, kSteps + 1> bytes_{};
};

}  // namespace thumbmill
