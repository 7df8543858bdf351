// worker/image/resample/weight_table.h: the source samples and their weights
// for each output sample of one axis.
//
// Weights are fixed point with kWeightBits fraction bits, in int16. The weights
// of an output add up to exactly 1 << kWeightBits, so a flat picture stays
// flat. The sum of their magnitudes is below 2 (1.5 for Lanczos3); the kernels'
// 32-bit sums rely on this.
//
// If a plane was reduced and the picture's side is not a multiple of the
// reduction, the plane's last sample covers less than the others. For example,
// 1027 columns at 1/8 are 128.375 samples, stored as 129. The weight of the
// last sample is the part that it covers, and its position is the middle of
// that part.
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

// Returns the part of a plane's last sample that lies within the picture, 0 to
// 1.
[[nodiscard]] double LastCoverage(std::uint32_t samples, double extent);

// Positions of the outputs along one axis of a plane, in source samples. The
// centre of output i is origin + (i + 0.5) * step, measured from the other end
// if `mirrored`.
struct Axis {
  std::uint32_t samples = 0;  // samples of the plane
  double extent = 0;  // length of the picture, at most 1 below `samples`
  double origin = 0;
  double step = 1;
  std::uint32_t count = 0;  // number of outputs
  bool mirrored = false;
  FilterKind filter = FilterKind::kLanczos3;
  // Samples of the full plane if this one was stored at half size, else 0. The
  // full plane is interpolated linearly, as usual for JPEG's chroma. The filter
  // gives weights to its samples, and each weight is passed on to the stored
  // samples from which that sample comes.
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
  // Returns the number of source samples that output i needs.
  [[nodiscard]] std::uint32_t taps(std::uint32_t i) const { return taps_[i]; }
  [[nodiscard]] std::uint32_t max_taps() const { return max_taps_; }
  // Returns stride() weights, for the source samples from start(i) on. They are
  // zero after the first taps(i).
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

// Returns an upper bound of the source samples that an output needs. For
// estimates.
[[nodiscard]] std::uint32_t MaxTaps(FilterKind filter, double step);

// Keeps the tables used last, because pictures of one camera share theirs.
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
