// worker/image/header/avif_layout.h: what the boxes of an AVIF say of its
// picture, before libavif sees them.
//
// Errors   none: what is not there is absent. Every read is bounds-checked,
//          boxes are nested as deep as the format has it and no deeper; the
//          work is bounded (walk_budget.h), the memory constant. Fuzzed.
// Contract ISO/IEC 23008-12 (HEIF), AV1 Image File Format 1.1.
#pragma once

#include <cstdint>

#include "common/bytes.h"

namespace thumbmill {

struct AvifLayout {
  std::uint32_t width = 0;  // as stored; 0: not said
  std::uint32_t height = 0;
  bool has_primary = false;  // a still picture is named; else only a track
  bool alpha = false;        // some item is alpha
  bool monochrome = false;
  bool halved_x = false;  // chroma has half the width
  bool halved_y = false;
  std::uint8_t bits = 8;
  std::uint32_t icc_bytes = 0;
  bool has_exif = false;
  std::uint64_t movie_bytes = 0;  // of the box that describes tracks
  std::uint32_t items = 0;  // each may be a tile, with a decoder of its own
  bool cut = false;         // the file ends within its last box
  bool ends = false;        // the last box ends where the file does; boxes that
                            // describe a picture were there
  bool overlong = false;    // more boxes than a header may have: some not read
};

[[nodiscard]] AvifLayout WalkAvif(ByteSpan bytes);

// Returns true if this body of an auxC property makes its item the alpha of
// another.
[[nodiscard]] bool NamesAlpha(ByteSpan body);

}  // namespace thumbmill
