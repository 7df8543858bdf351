// worker/image/codec/block_sums.h: averages squares of a picture whose pixels
// come in any order, such as an interlaced PNG.
//
// Owns     a sum of four bytes for each square of each plane, and one row.
// Bits     a sum has room for 64 x 64 samples of 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/picture/picture.h"
#include "worker/image/resample/row_kernels.h"

namespace thumbmill {

class BlockSums {
 public:
  // `shape.planes` have the reduced size: one sample for each square of `side`
  // x `side` pixels. Squares at the right and lower edges may cover fewer.
  BlockSums(const PictureShape& shape, unsigned side);

  // Returns one row of each plane, which the caller fills before Add().
  [[nodiscard]] const RowPointers& row() const { return row_; }
  // Adds the first `count` pixels of row() to the sums. They belong to row y of
  // the picture and stand at x, x + step, x + 2 * step and so on.
  void Add(std::uint32_t count, std::uint32_t x, std::uint32_t step,
           std::uint32_t y);
  // Writes row y of a reduced plane. Pixels that never came count as 0.
  void Mean(int plane, std::uint32_t y, std::uint8_t* out) const;

 private:
  template <typename Sample>
  void AddSamples(const std::uint8_t* samples, std::uint32_t count,
                  std::uint32_t x, std::uint32_t step,
                  std::uint32_t* sums) const;
  // Returns the index in sums_ of the first square of row y of a plane.
  [[nodiscard]] std::size_t Start(int plane, std::uint32_t y) const;

  PictureShape shape_;
  unsigned side_;
  unsigned shift_;  // side_ is 1 << shift_
  SampleBuffer samples_;
  RowPointers row_{};
  std::vector<std::uint32_t> sums_;
};

}  // namespace thumbmill
