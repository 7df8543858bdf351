// worker/image/codec/bmp_rle.h: reads the run-length codes of a BMP row by row,
// in any order.
//
// The problem: the codes of the bottom row come first, and we need the top row
// first. Rows can start anywhere in the codes.
//
// The idea: walk all codes once and note where each row starts. Then decode one
// row at a time. That costs 16 bytes a row instead of a byte for each pixel.
//
// Skipped  a code may skip pixels. They are transparent, as in Chromium and
//          Firefox.
// Errors   in fault(). Rows before a fault can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proto/reason.h"
#include "worker/image/header/bmp_layout.h"

namespace thumbmill {

class BmpRle {
 public:
  // The index of a skipped pixel.
  static constexpr std::uint16_t kSkipped = 256;

  // `layout` names the data, which must outlive this.
  explicit BmpRle(const BmpLayout& layout);

  // Writes the indices of a row. Rows count in the order of the file.
  void ReadRow(std::uint32_t row, std::uint16_t* out) const;

  // Returns true if a pixel is skipped or missing.
  [[nodiscard]] bool skips() const { return skips_; }
  // kTruncated or kCorrupt if pixels are missing; else kNone.
  [[nodiscard]] Reason fault() const { return fault_; }
  // Returns true if the codes do not end as they should. No pixel is missing.
  [[nodiscard]] bool lacks_end() const { return lacks_end_; }

 private:
  struct Start {
    std::size_t at = kNowhere;  // offset of the first code of the row
    std::uint32_t x = 0;        // first pixel that this code gives
  };
  static constexpr std::size_t kNowhere = SIZE_MAX;

  // One code, and the pixels that it gives.
  struct Code {
    enum class Kind : std::uint8_t {
      kRun,     // `count` pixels from one or two indices in `value`
      kPixels,  // `count` pixels, each with its index, at `pixels`
      kEndOfRow,
      kEnd,
      kMove,  // skips `dx` pixels and `dy` rows
      kCut,   // the file ends within the code
    };
    Kind kind = Kind::kCut;
    std::uint8_t count = 0;
    std::uint8_t value = 0;
    std::uint8_t dx = 0, dy = 0;
    std::size_t pixels = 0;
    std::size_t bytes = 0;  // length of the code
  };

  [[nodiscard]] Code CodeAt(std::size_t at) const;
  void Walk();
  [[nodiscard]] std::uint8_t IndexOf(const Code& code, unsigned i) const;

  const ByteSpan data_;
  const bool halves_;  // an index takes half a byte
  const std::uint32_t width_;
  const std::uint32_t height_;
  std::vector<Start> starts_;
  bool skips_ = false;
  bool lacks_end_ = false;
  Reason fault_ = Reason::kNone;
};

}  // namespace thumbmill
