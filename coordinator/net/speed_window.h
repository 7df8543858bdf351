// coordinator/net/speed_window.h: counts the bytes of the last seconds, to find
// transfers that are slower than X over Y seconds.
//
// Units    running time of the transfer without its pauses; the caller counts
//          it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

// A ring of counters, each for one sixteenth of the window. It notices a stall
// at most one sixteenth late, and costs about 150 bytes for each transfer.
class SpeedWindow {
 public:
  explicit SpeedWindow(Millis window)
      : step_(std::max<Micros>(Micros(window) / kSteps, Micros(1))) {}

  void Add(Micros now, std::uint64_t bytes) {
    Advance(now);
    bytes_[Slot(step_now_)] += bytes;
  }

  // Returns true if the whole window before `now` was slower than this. Returns
  // false during the first window; else no transfer would survive its first
  // moment.
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
    // After a gap longer than the ring all counters are old; clear each once.
    step_now_ = std::max(step_now_, step - kSteps - 1);
    while (step_now_ < step) bytes_[Slot(++step_now_)] = 0;
  }

  Micros step_;
  std::int64_t step_now_ = 0;
  // One counter more than the window has, since the last one is still filling.
  std::array<std::uint64_t, kSteps + 1> bytes_{};
};

}  // namespace thumbmill
