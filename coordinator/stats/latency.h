// coordinator/stats/latency.h: percentiles of many durations in little memory.
//
// Each power of two has 8 buckets. A percentile is never too low and at most
// 12.5 % too high, for any number of samples.
//
// Units    microseconds.
// Threads  one.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

class LatencyHistogram {
 public:
  void Add(Micros duration) {
    const auto us =
        static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
    ++buckets_[Bucket(us)];
    ++count_;
    if (us > max_) max_ = us;
    sum_ += us;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Micros max() const {
    return Micros(static_cast<std::int64_t>(max_));
  }
  [[nodiscard]] Micros sum() const {
    return Micros(static_cast<std::int64_t>(sum_));
  }
  // Returns the upper edge of the bucket that holds this share (0 to 1) of the
  // samples, but not more than max().
  [[nodiscard]] Micros Percentile(double share) const {
    const auto rank = static_cast<std::uint64_t>(
        std::llround(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= rank && seen > 0) {
        const std::uint64_t edge = UpperEdge(i);
        return Micros(static_cast<std::int64_t>(edge < max_ ? edge : max_));
      }
    }
    return max();
  }

 private:
  static constexpr unsigned kStepBits = 3;
  // The first 8 buckets hold one microsecond each. After them the bucket number
  // is the power of two followed by the 3 bits after the leading one.
  static std::size_t Bucket(std::uint64_t us) {
    if (us < (1U << kStepBits)) return us;
    const unsigned power = static_cast<unsigned>(std::bit_width(us)) - 1;
    const std::uint64_t step =
        (us >> (power - kStepBits)) & ((1U << kStepBits) - 1);
    return ((power - kStepBits + 1) << kStepBits) + step;
  }
  static std::uint64_t UpperEdge(std::size_t bucket) {
    if (bucket < (1U << kStepBits)) return bucket;
    const std::size_t power = (bucket >> kStepBits) + kStepBits - 1;
    const std::uint64_t step = bucket & ((1U << kStepBits) - 1);
    return ((std::uint64_t{1} << kStepBits) + step + 1) << (power - kStepBits);
  }
  std::array<std::uint64_t, (64 - kStepBits + 1) << kStepBits> buckets_{};
  std::uint64_t count_ = 0, max_ = 0, sum_ = 0;
};

}  // namespace thumbmill
