// worker/image/header/bmp_layout.h: reads the headers of a BMP: the kind of its
// pixels, and the places of masks, palette, profile and data.
//
// Accepts  as Chromium does: Windows headers of 40, 52, 56, 108 and 124 bytes,
//          OS/2 headers of 12 to 64 bytes.
// Errors   in `fault`. Every read is bounds-checked; the work is constant.
//          Fuzzed.
// Contract BITMAPFILEHEADER and BITMAPV5HEADER of Windows. Where they leave a
//          choice: Chromium's bmp_image_reader.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "proto/reason.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

enum class BmpCoding : std::uint8_t { kRaw, kRle8, kRle4 };

struct BmpLayout {
  Reason fault = Reason::kNone;  // the reason why the pixels cannot be read
  std::string_view fault_text;
  std::uint32_t width = 0;  // 0: the header is not whole or makes no sense
  std::uint32_t height = 0;
  bool top_down = false;  // the first stored row is the top one
  BmpCoding coding = BmpCoding::kRaw;
  unsigned bits = 0;  // of a pixel: 1, 2, 4, 8, 16, 24 or 32
  // Only for 16 bits and more: the bits of red, green, blue and alpha in a
  // pixel. No bits mean that there is no such channel.
  std::array<std::uint32_t, 4> masks{};
  // Only for 8 bits and fewer: entries of `colour_bytes` each, blue first. May
  // have fewer entries than `colours`; the missing ones are black.
  ByteSpan palette;
  std::size_t colour_bytes = 4;
  std::uint32_t colours = 0;
  ByteSpan data;  // from the first pixel to the end of the file
  ByteSpan icc;   // an embedded profile
  // The x, y, z of red, green and blue, then three gammas; empty if the header
  // does not give the colours by such numbers.
  ByteSpan endpoints;

  [[nodiscard]] bool has_palette() const { return bits <= 8; }
  // Bytes of a row, without and with its padding. Only for kRaw.
  [[nodiscard]] std::uint64_t row_bytes() const {
    return (std::uint64_t{width} * bits + 7) / 8;
  }
  [[nodiscard]] std::uint64_t stride() const {
    return (std::uint64_t{width} * bits + 31) / 32 * 4;
  }
};

[[nodiscard]] BmpLayout ReadBmpLayout(ByteSpan bytes);

[[nodiscard]] std::optional<Sniffed> SniffBmp(ByteSpan bytes);
[[nodiscard]] ImageHeader PeekBmp(ByteSpan bytes);

}  // namespace thumbmill
