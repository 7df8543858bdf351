// worker/image/picture/picture.h: a picture as planes of samples, and its rows
// as a stream.
//
// The idea: every channel is a plane of its own, in the size and the colour
// space of the file. A JPEG with halved chroma is resized as three planes of
// different sizes. It becomes RGB, if it must, only as a thumbnail: decoding
// then needs no upsampling and no colour conversion, and one kernel for one
// channel serves all pictures.
//
// Units    a plane's `extent` is the length, in samples of this plane, that
//          the picture's full width or height covers. It is not a whole number
//          if the reduced plane was rounded up.
// Samples  8 bits: 0-255. 16 bits: int16, the sample minus 32768, since
//          multiply-add instructions are signed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "worker/image/picture/image_result.h"

namespace thumbmill {

enum class ColourModel : std::uint8_t { kGrey, kRgb, kYcc, kCmyk, kYcck };

// The formula between RGB and Y, Cb, Cr. The default is that of JFIF.
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
  // Full size of a plane that the file stores at half size, as chroma often is.
  // Such a plane is enlarged by interpolation between its samples. 0: the plane
  // is not halved.
  std::uint32_t fine_width = 0;
  std::uint32_t fine_height = 0;
};

struct PictureShape {
  std::uint32_t width = 0;  // full size, as stored
  std::uint32_t height = 0;
  ColourModel model = ColourModel::kRgb;
  YccCode ycc;            // used if the model is kYcc
  bool alpha = false;     // the last plane; the others are multiplied by it
  bool wide = false;      // 16-bit samples
  bool inverted = false;  // CMYK: 255 means no ink, as Adobe writes it
  int plane_count = 0;
  std::array<PlaneShape, kMaxPlanes> planes;
};

// Memory for samples, 64-byte aligned. Kernels work in whole vectors, so they
// may read or write `kSlack` bytes past the end of each row.
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

// Rounds the bytes of a row up, so that the next row is aligned too.
constexpr std::size_t PaddedRow(std::size_t bytes) {
  return (bytes + SampleBuffer::kAlign - 1) / SampleBuffer::kAlign *
         SampleBuffer::kAlign;
}

// Keeps the newest rows of a plane. Row(y) is valid for the last `capacity`
// rows and for the rows that are appended next.
class RowRing {
 public:
  RowRing() = default;
  RowRing(std::uint32_t rows, std::size_t row_bytes)
      : RowRing(rows, row_bytes, row_bytes) {}
  // Only the first `sample_bytes` of a row's `row_bytes` are samples. Kernels
  // read whole vectors and multiply the rest by 0. The constructor clears the
  // rest: a memory checker would otherwise report every thumbnail as undefined.
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
  // Bytes from one row to the next. The first row does not follow the last row.
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

// A plane of a thumbnail, kept whole. Rows have room for whole blocks of 8
// samples.
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
  bool linear = false;  // 16-bit linear light, not sRGB: see linear.h
  int count = 0;
  std::array<Plane, kMaxPlanes> planes;
};

using Rings = std::array<RowRing*, kMaxPlanes>;

// Writes a picture's rows, top to bottom, to one ring for each plane.
class RowSource {
 public:
  virtual ~RowSource() = default;
  [[nodiscard]] virtual const PictureShape& shape() const = 0;
  // Returns the largest number of rows that one ReadBand() writes to `plane`.
  [[nodiscard]] virtual std::uint32_t BandRows(int plane) const = 0;
  // Writes the next rows to each ring and appends them. Each row of a ring has
  // at least RowBytes(plane) bytes. A ring's capacity is a multiple of
  // BandRows(plane), so that the rows of a band follow each other in memory.
  [[nodiscard]] virtual ImageResult<void> ReadBand(const Rings& rings) = 0;
  [[nodiscard]] virtual std::size_t RowBytes(int plane) const = 0;
  // Call after the last row. Checks that the file ends as it should.
  [[nodiscard]] virtual ImageResult<void> Finish() = 0;
};

}  // namespace thumbmill
