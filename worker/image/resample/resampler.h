// worker/image/resample/resampler.h: rows of a plane in, rows of its thumbnails
// out, of all sizes in one pass.
//
// The idea: a ring keeps the newest rows; each output row is made as soon as
// the last row of its window is there. Sizes far smaller than the source read
// from a level that was halved (2x2 means) while at least kGap times their
// size was left for the filter, so that a small size costs little.
//
// Owns     one ring a level: max taps + one band of rows, not the plane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/image/picture/picture.h"
#include "worker/image/resample/kernels.h"
#include "worker/image/resample/weight_table.h"

namespace thumbmill {

// Source samples an output sample that a halved level must still offer.
constexpr double kGap = 2.0;

// The deepest level on which both steps are at least kGap.
[[nodiscard]] int PyramidLevel(FilterKind filter, double step_x, double step_y);

// One thumbnail's plane, filled row by row.
class Resampler {
 public:
  Resampler(std::shared_ptr<const WeightTable> horizontal,
            std::shared_ptr<const WeightTable> vertical, bool wide, Plane* out);

  // Makes the rows whose windows are within the ring. `middle` is scratch for
  // one row of the source.
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

// A plane on its way to all its thumbnails.
class PlaneFlow {
 public:
  PlaneFlow(const PlaneShape& shape, bool wide, const Kernels& kernels)
      : shape_(shape), wide_(wide), kernels_(kernels) {}

  // The axes are in samples of the plane; `out` outlives this.
  void AddOutput(const Axis& x, const Axis& y, WeightCache* tables, Plane* out);
  // After the last AddOutput(): makes the rings. Rows come `band_rows` at most
  // at once, `row_bytes` long.
  void Start(std::uint32_t band_rows, std::size_t row_bytes);
  [[nodiscard]] RowRing* ring() { return &levels_[0].ring; }
  // To be called after rows were appended to ring().
  void Advance();

 private:
  struct Level {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    // Of the last column and row when they become one with those before them.
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
