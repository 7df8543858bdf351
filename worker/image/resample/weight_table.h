// worker/image/resample/weight_table.h: for each output sample of one axis,
// which source samples count and how much.
//
// Weights are fixed point, kWeightBits fraction bits, int16. The weights of an
// output add up to exactly 1 << kWeightBits, so a flat picture stays flat. The
// sum of their magnitudes is below 2 (Lanczos3: 1.5), which the kernels' 32-bit
// sums rely on.
//
// A plane that was reduced ends with a sample that stands for less than the
// others, where the picture's side is no multiple of what it was reduced by:
// 1027 columns are 128.375 samples at 1/8, in 129. The last one counts by what
// it covers, and lies in the middle of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "proto/recipe.h"

namespace thumbmill {

constexpr int kWeightBits = 14;

// How much of a plane's last sample lies within the picture, 0 to 1.
[[nodiscard]] double LastCoverage(std::uint32_t samples, double extent);

// Where the outputs lie along one axis of a plane, in source samples: output i
// is centred at origin + (i + 0.5) * step, seen from the other end if mirrored.
struct Axis {
  std::uint32_t samples = 0;  // the plane has
  double extent = 0;  // of the whole picture: up to 1 less than `samples`
  double origin = 0;
  double step = 1;
  std::uint32_t count = 0;  // outputs
  bool mirrored = false;
  FilterKind filter = FilterKind::kLanczos3;
  // Not 0: the plane stands for one of this many samples, about twice as many,
  // interpolated linearly from it as JPEG's chroma usually is. The filter then
  // weighs those, and the weights fall to the samples that they came from.
  std::uint32_t fine_samples = 0;

  friend bool operator==(const Axis&, const Axis&) = default;
};

class WeightTable {
 public:
  explicit WeightTable(const Axis& axis);

  [[nodiscard]] std::uint32_t count() const {
    return static_cast<std::uint32_t>(starts_.size());
  }
  [[nodiscard]] bool mirrored() const { return mirrored_; }
  [[nodiscard]] std::uint32_t start(std::uint32_t i) const {
    return starts_[i];
  }
  // Source samples that output i needs.
  [[nodiscard]] std::uint32_t taps(std::uint32_t i) const { return taps_[i]; }
  [[nodiscard]] std::uint32_t max_taps() const { return max_taps_; }
  // Weights from start(i) on; `stride` of them, zero behind taps(i).
  [[nodiscard]] const std::int16_t* weights(std::uint32_t i) const {
    return weights_.data() + i * stride_;
  }
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::span<const std::uint32_t> starts() const {
    return starts_;
  }
  [[nodiscard]] std::size_t bytes() const {
    return weights_.size() * sizeof(std::int16_t) +
           starts_.size() * 2 * sizeof(std::uint32_t);
  }

 private:
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> taps_;
  std::vector<std::int16_t> weights_;
  std::size_t stride_ = 0;
  std::uint32_t max_taps_ = 0;
  bool mirrored_ = false;
};

// How many source samples an output of this axis can need: for estimates.
[[nodiscard]] std::uint32_t MaxTaps(FilterKind filter, double step);

// The tables used last. Pictures of one camera share theirs.
class WeightCache {
 public:
  [[nodiscard]] std::shared_ptr<const WeightTable> Get(const Axis& axis);

 private:
  static constexpr std::size_t kMaxBytes = 1 << 20;
  static constexpr std::size_t kMaxTables = 64;

  struct Entry {
    Axis axis;
    std::shared_ptr<const WeightTable> table;
  };
  void Trim();

  std::list<Entry> entries_;  // the newest first
  std::size_t bytes_ = 0;
};

}  // namespace thumbmill
