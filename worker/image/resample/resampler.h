// worker/image/resample/resampler.h: resizes a plane to all its thumbnails in
// one pass over its rows.
//
// The idea: a ring keeps the newest rows, and each output row is made as soon
// as the last row of its window is there. Sizes far smaller than the source
// read from a halved level (2x2 means). A level is halved only while at least
// kGap times the thumbnail's size remains for the filter. A small size costs
// little in this way.
//
// Owns     one ring per level, with the rows of the longest window and of one
//          band, not the whole plane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/image/picture/picture.h"
#include "worker/image/resample/kernels.h"
#include "worker/image/resample/weight_table.h"

namespace thumbmill {

// The least number of samples of a halved level per output sample.
constexpr double kGap = 2.0;

// Returns the deepest level on which both steps are at least kGap.
[[nodiscard]] int PyramidLevel(FilterKind filter, double step_x, double step_y);

// One thumbnail's plane, filled row by row.
class Resampler {
 public:
  Resampler(std::shared_ptr<const WeightTable> horizontal,
            std::shared_ptr<const WeightTable> vertical, bool wide, Plane* out);

  // Makes the output rows whose windows are in the ring. `middle` is scratch
  // space for one row of the source.
  void Advance(const RowRing& ring, std::uint32_t width, const Kernels& kernels,
               std::int16_t* middle);
  [[nodiscard]] std::uint32_t window() const { return vertical_->max_taps(); }
  // Samples that `middle` needs beyond the source's width.
  [[nodiscard]] std::size_t overhang() const { return horizontal_->stride(); }

 private:
  void MakeRow(const RowRing& ring, std::uint32_t y, std::uint32_t width,
               const Kernels& kernels, std::int16_t* middle);

  std::shared_ptr<const WeightTable> horizontal_;
  std::shared_ptr<const WeightTable> vertical_;
  bool wide_;
  Plane* out_;
  std::uint32_t done_ = 0;
  std::vector<const std::uint8_t*> rows_;
};

// Resizes one plane to the planes of all thumbnails.
class PlaneFlow {
 public:
  PlaneFlow(const PlaneShape& shape, bool wide, const Kernels& kernels)
      : shape_(shape), wide_(wide), kernels_(kernels) {}

  // Adds a thumbnail. The axes are in samples of the plane. `out` must outlive
  // this.
  void AddOutput(const Axis& x, const Axis& y, WeightCache* tables, Plane* out);
  // Makes the rings. Call it after the last AddOutput(). The source will append
  // at most `band_rows` rows at once, each `row_bytes` long.
  void Start(std::uint32_t band_rows, std::size_t row_bytes);
  [[nodiscard]] RowRing* ring() { return &levels_[0].ring; }
  // Makes all rows that are possible. Call it after each append to ring().
  void Advance();

 private:
  struct Level {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    // Weights of the last column and the last row when they are merged with
    // the ones before them, in 1 << kShareBits (see LastShare()).
    std::int64_t last_across = 0;
    std::int64_t last_down = 0;
    RowRing ring;
    std::vector<Resampler> outputs;
  };
  Level& LevelAt(int number);
  void HalveRows(Level& from, Level& to);
  void WeighLast(const Level& from, const Level& to, const std::uint8_t* upper,
                 const std::uint8_t* lower, std::uint8_t* row) const;

  PlaneShape shape_;
  bool wide_;
  const Kernels& kernels_;
  std::vector<Level> levels_;
  SampleBuffer middle_;
};

}  // namespace thumbmill
