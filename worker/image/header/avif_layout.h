// worker/image/header/avif_layout.h: reads size, depth and colour format of an
// AVIF from its boxes, before libavif sees them.
//
// Errors   none: a fact that cannot be read stays at its default. Every read
//          is bounds-checked. Boxes are followed only as deep as the format
//          nests them. The work is bounded (walk_budget.h), the memory is
//          constant. Fuzzed.
// Contract ISO/IEC 23008-12 (HEIF), AV1 Image File Format 1.1.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

struct AvifLayout {
  std::uint32_t width = 0;  // as stored; 0: not known
  std::uint32_t height = 0;
  bool has_primary = false;  // a still picture is named; if not, a track
  bool alpha = false;        // at least one item is alpha
  bool monochrome = false;
  bool halved_x = false;  // chroma has half the width
  bool halved_y = false;
  std::uint8_t bits = 8;
  std::uint32_t icc_bytes = 0;
  bool has_exif = false;
  std::uint64_t movie_bytes = 0;  // size of the box that describes tracks
  std::uint32_t items = 0;        // each may be a tile with its own decoder
  bool cut = false;               // the file ends within its last box
  bool ends = false;  // the last box ends at the file's end, and a `meta` or
                      // `moov` box was found
  bool overlong = false;  // too many boxes for a header; some were not read
};

// Reads the layout of the first `meta` box, or of the first `moov` box if
// `meta` names no picture.
[[nodiscard]] AvifLayout WalkAvif(ByteSpan bytes);

// Returns true if `body`, the body of an auxC property, says that its item is
// the alpha of another item.
[[nodiscard]] bool NamesAlpha(ByteSpan body);

[[nodiscard]] std::optional<Sniffed> SniffAvif(ByteSpan bytes);
[[nodiscard]] ImageHeader PeekAvif(ByteSpan bytes);

}  // namespace thumbmill
