#include "worker/image/codec/block_sums.h"

#include <algorithm>
#include <bit>

#include "common/check.h"

namespace thumbmill {
namespace {

// Undoes the offset of wide samples (picture.h), so that sums are unsigned.
std::uint32_t Plain(std::uint8_t sample) { return sample; }
std::uint32_t Plain(std::int16_t sample) {
  return static_cast<std::uint32_t>(sample + 32768);
}

}  // namespace

BlockSums::BlockSums(const PictureShape& shape, unsigned side)
    : shape_(shape),
      side_(side),
      shift_(static_cast<unsigned>(std::countr_zero(side))) {
  CHECK(std::has_single_bit(side) && side <= 64);
  const std::size_t row_bytes =
      PaddedRow(std::size_t{shape.width} * (shape.wide ? 2 : 1));
  const auto planes = static_cast<std::size_t>(shape.plane_count);
  samples_ = SampleBuffer(row_bytes * planes);
  for (std::size_t p = 0; p < planes; ++p)
    row_[p] = samples_.data() + p * row_bytes;
  sums_.resize(Start(shape.plane_count, 0));
}

std::size_t BlockSums::Start(int plane, std::uint32_t y) const {
  // No format that arrives in passes subsamples: all planes have one size.
  const PlaneShape& each = shape_.planes[0];
  return (static_cast<std::size_t>(plane) * each.height + y) * each.width;
}

template <typename Sample>
void BlockSums::AddSamples(const std::uint8_t* samples, std::uint32_t count,
                           std::uint32_t x, std::uint32_t step,
                           std::uint32_t* sums) const {
  const auto* in = reinterpret_cast<const Sample*>(samples);
  for (std::uint32_t i = 0; i < count; ++i, x += step)
    sums[x >> shift_] += Plain(in[i]);
}

void BlockSums::Add(std::uint32_t count, std::uint32_t x, std::uint32_t step,
                    std::uint32_t y) {
  for (int p = 0; p < shape_.plane_count; ++p) {
    const std::uint8_t* in = row_[static_cast<std::size_t>(p)];
    std::uint32_t* sums = &sums_[Start(p, y >> shift_)];
    if (shape_.wide) {
      AddSamples<std::int16_t>(in, count, x, step, sums);
    } else {
      AddSamples<std::uint8_t>(in, count, x, step, sums);
    }
  }
}

void BlockSums::Mean(int plane, std::uint32_t y, std::uint8_t* out) const {
  const std::uint32_t* sums = &sums_[Start(plane, y)];
  // Squares at the edges cover fewer pixels; dividing by side_ * side_ would
  // darken the edges.
  const std::uint32_t rows = std::min(side_, shape_.height - y * side_);
  for (std::uint32_t x = 0; x < shape_.planes[0].width; ++x) {
    const std::uint32_t pixels =
        rows * std::min(side_, shape_.width - x * side_);
    const std::uint32_t mean = (sums[x] + pixels / 2) / pixels;
    if (shape_.wide) {
      reinterpret_cast<std::int16_t*>(out)[x] =
          static_cast<std::int16_t>(static_cast<std::int32_t>(mean) - 32768);
    } else {
      out[x] = static_cast<std::uint8_t>(mean);
    }
  }
}

}  // namespace thumbmill
