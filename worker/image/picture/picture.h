// worker/image/picture/picture.h: a picture as planes, and the rows that flow.
//
// The idea: every channel is a plane of its own, in the size and the colour
// space in which the file keeps it. A JPEG with halved chroma is resized as
// three planes of different sizes and becomes RGB, if it must, as a thumbnail;
// so decoding needs no upsampling and no colour conversion, and one kernel for
// one channel serves all.
//
// Units    a plane's `extent` is the length, in its own samples, that the
//          picture's full width or height covers; it is not whole when a
//          reduced plane was rounded up.
// Samples  8 bits: 0-255. 16 bits: int16, the sample minus 32768, since
//          multiply-add instructions are signed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "worker/image/picture/refusal.h"

namespace thumbmill {

enum class ColourModel : std::uint8_t { kGrey, kRgb, kYcc, kCmyk, kYcck };

// How Y, Cb and Cr stand for RGB. As JFIF has it unless said otherwise.
struct YccCode {
  enum class Weights : std::uint8_t { kBt601, kBt709, kBt2020 };
  Weights weights = Weights::kBt601;
  bool limited = false;  // Y 16-235, chroma 16-240, as in video

  friend bool operator==(const YccCode&, const YccCode&) = default;
};

constexpr int kMaxPlanes = 4;

struct PlaneShape {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double extent_x = 0;
  double extent_y = 0;
  // Of half this size because the file has it so; whoever shows it reads
  // between its samples. 0: not halved.
  std::uint32_t fine_width = 0;
  std::uint32_t fine_height = 0;
};

struct PictureShape {
  std::uint32_t width = 0;  // as stored, full size
  std::uint32_t height = 0;
  ColourModel model = ColourModel::kRgb;
  YccCode ycc;            // of kYcc
  bool alpha = false;     // last plane; the others are multiplied by it
  bool wide = false;      // 16-bit samples
  bool inverted = false;  // CMYK: 255 is no ink, as Adobe writes it
  int plane_count = 0;
  std::array<PlaneShape, kMaxPlanes> planes;
};

// Memory for samples: 64-byte aligned, and `kSlack` bytes may be read or
// written past the end of each row, so that kernels work in whole vectors.
class SampleBuffer {
 public:
  static constexpr std::size_t kAlign = 64;
  static constexpr std::size_t kSlack = 128;

  SampleBuffer() = default;
  explicit SampleBuffer(std::size_t bytes)
      : bytes_(bytes + kSlack),
        data_(static_cast<std::uint8_t*>(
            ::operator new (bytes_, std::align_val_t{kAlign}))) {}

  [[nodiscard]] std::uint8_t* data() const { return data_.get(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const {
      ::operator delete (p, std::align_val_t{kAlign});
    }
  };
  std::size_t bytes_ = 0;
  std::unique_ptr<std::uint8_t, Free> data_;
};

constexpr std::size_t PaddedRow(std::size_t bytes) {
  return (bytes + SampleBuffer::kAlign - 1) / SampleBuffer::kAlign *
         SampleBuffer::kAlign;
}

// The newest rows of a plane. Row(y) is valid for the last `capacity` rows and
// for rows that are about to be appended.
class RowRing {
 public:
  RowRing() = default;
  RowRing(std::uint32_t rows, std::size_t row_bytes)
      : RowRing(rows, row_bytes, row_bytes) {}
  // Only the first `sample_bytes` of a row's `row_bytes` are samples. Kernels
  // read whole vectors and multiply what follows by 0. It begins as 0, since
  // memory checkers would take each thumbnail for undefined otherwise.
  RowRing(std::uint32_t rows, std::size_t row_bytes, std::size_t sample_bytes)
      : stride_(PaddedRow(row_bytes)),
        capacity_(rows),
        buffer_(stride_ * rows) {
    for (std::uint32_t y = 0; y < rows; ++y)
      std::memset(Row(y) + sample_bytes, 0, stride_ - sample_bytes);
    std::memset(buffer_.data() + stride_ * rows, 0, SampleBuffer::kSlack);
  }

  [[nodiscard]] std::uint8_t* Row(std::uint32_t y) const {
    return buffer_.data() + (y % capacity_) * stride_;
  }
  // From one row to the next, but for the last and the first.
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::uint32_t end() const { return end_; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  void Append(std::uint32_t rows) { end_ += rows; }

 private:
  std::size_t stride_ = 0;
  std::uint32_t capacity_ = 1;
  SampleBuffer buffer_;
  std::uint32_t end_ = 0;  // rows appended so far
};

// A plane that is kept whole: of a thumbnail. Rows have room for whole blocks
// of 8 samples.
class Plane {
 public:
  Plane() = default;
  Plane(std::uint32_t width, std::uint32_t height, bool wide)
      : width_(width),
        height_(height),
        wide_(wide),
        stride_((std::size_t{width} * (wide ? 2 : 1) + 15) / 16 * 16),
        buffer_(stride_ * height) {}

  [[nodiscard]] std::uint32_t width() const { return width_; }
  [[nodiscard]] std::uint32_t height() const { return height_; }
  [[nodiscard]] bool wide() const { return wide_; }
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::uint8_t* Row(std::uint32_t y) const {
    return buffer_.data() + y * stride_;
  }
  [[nodiscard]] std::int16_t* WideRow(std::uint32_t y) const {
    return reinterpret_cast<std::int16_t*>(Row(y));
  }

 private:
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  bool wide_ = false;
  std::size_t stride_ = 0;
  SampleBuffer buffer_;
};

struct PlaneSet {
  ColourModel model = ColourModel::kRgb;
  YccCode ycc;
  bool alpha = false;
  bool inverted = false;
  bool linear = false;  // 16 bits of light, not of sRGB: see linear.h
  int count = 0;
  std::array<Plane, kMaxPlanes> planes;
};

using Rings = std::array<RowRing*, kMaxPlanes>;

// Gives a picture's rows, top to bottom, to one ring a plane.
class RowSource {
 public:
  virtual ~RowSource() = default;
  [[nodiscard]] virtual const PictureShape& shape() const = 0;
  // The most rows of `plane` that one ReadBand() writes.
  [[nodiscard]] virtual std::uint32_t BandRows(int plane) const = 0;
  // Writes the next rows to each ring and appends them. Rows of a ring are at
  // least RowBytes(plane) long; it holds a multiple of BandRows(plane), so that
  // a band's rows follow each other in memory.
  [[nodiscard]] virtual Verdict<void> ReadBand(const Rings& rings) = 0;
  [[nodiscard]] virtual std::size_t RowBytes(int plane) const = 0;
  // Reads what follows the last row: is the end there, and is it whole?
  [[nodiscard]] virtual Verdict<void> Finish() = 0;
};

}  // namespace thumbmill
