// worker/image/header/png_layout.h: reads the header and the chunks of a PNG,
// before libpng sees them.
//
// Errors   none: a fact that cannot be read stays at its default. Every read is
//          bounds-checked. The functions that the coordinator calls do bounded
//          work (walk_budget.h); the others take time linear in the bytes.
//          Fuzzed.
// Contract https://www.w3.org/TR/png-3
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

struct PngHeader {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint8_t bits = 0;
  std::uint8_t colour_type = 0;
  bool interlaced = false;

  // Returns the number of stored channels; a palette's index is one channel.
  [[nodiscard]] std::uint8_t channels() const;
};

// Returns empty if there is no legal IHDR chunk.
[[nodiscard]] std::optional<PngHeader> ReadPngHeader(ByteSpan bytes);

struct PngLayout {
  std::size_t data_end = 0;  // offset after the last IDAT that is whole
  ByteSpan exif;             // body of the first eXIf, anywhere in the file
  ByteSpan icc;  // body of the first iCCP: a name, then the deflated profile
  bool ends = false;      // the chunks lead to an IEND
  bool overlong = false;  // see walk_budget.h; the rest was not read
};

// Steps from chunk to chunk without checking CRCs. If `head_only`, stops at the
// first IDAT: a profile is always before it, and EXIF mostly.
[[nodiscard]] PngLayout WalkPng(ByteSpan bytes, bool head_only = false);

[[nodiscard]] std::optional<Sniffed> SniffPng(ByteSpan bytes);
[[nodiscard]] ImageHeader PeekPng(ByteSpan bytes);

}  // namespace thumbmill
