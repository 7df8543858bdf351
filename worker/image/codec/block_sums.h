// worker/image/codec/block_sums.h: the means of squares of a picture whose
// pixels come in any order, as those of an interlaced PNG.
//
// Owns     a sum of four bytes for each square of each plane, and one row.
// Bits     16-bit samples of squares up to 64 x 64 fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/picture/picture.h"
#include "worker/image/resample/row_kernels.h"

namespace thumbmill {

class BlockSums {
 public:
  // `shape` has the planes' sizes as they will be: one sample for each square
  // of `side` pixels, the last ones of what is left.
  BlockSums(const PictureShape& shape, unsigned side);

  // Where the next pixels go, a row of each plane.
  [[nodiscard]] const RowPointers& row() const { return row_; }
  // Adds the first `count` of row(): the pixels of row y from x on, each `step`
  // behind the one before it.
  void Add(std::uint32_t count, std::uint32_t x, std::uint32_t step,
           std::uint32_t y);
  // Row y of a plane. Pixels that never came are 0.
  void Mean(int plane, std::uint32_t y, std::uint8_t* out) const;

 private:
  template <typename Sample>
  void AddSamples(const std::uint8_t* samples, std::uint32_t count,
                  std::uint32_t x, std::uint32_t step,
                  std::uint32_t* sums) const;
  [[nodiscard]] std::size_t Start(int plane, std::uint32_t y) const;

  PictureShape shape_;
  unsigned side_;
  unsigned shift_;  // side_ is 1 << shift_
  SampleBuffer samples_;
  RowPointers row_{};
  std::vector<std::uint32_t> sums_;
};

}  // namespace thumbmill
