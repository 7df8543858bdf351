// worker/image/webp_layout.h: the chunks of a WebP file, before libwebp sees
// them.
//
// Errors   none: what is not there is absent. Every read is bounds-checked;
//          the work is bounded (walk_budget.h). Fuzzed.
// Contract https://developers.google.com/speed/webp/docs/riff_container
#pragma once

#include <cstdint>

#include "common/bytes.h"

namespace thumbmill {

struct WebpLayout {
  std::uint32_t width = 0;  // of the canvas; 0: the header is not whole
  std::uint32_t height = 0;
  bool lossless = false;  // the first frame is
  bool alpha = false;     // something may be transparent
  bool animated = false;
  bool overlong = false;  // see walk_budget.h: the rest was not read
  bool ends = false;  // all bytes that the RIFF header promises are there
  // The first frame, for libwebp: the whole file, or the chunks of one ANMF.
  ByteSpan frame;
  std::uint32_t frame_x = 0;
  std::uint32_t frame_y = 0;
  std::uint32_t frame_width = 0;
  std::uint32_t frame_height = 0;
  ByteSpan icc;
  ByteSpan exif;  // the TIFF structure

  [[nodiscard]] bool covered() const {
    return frame_width == width && frame_height == height;
  }
};

[[nodiscard]] WebpLayout WalkWebp(ByteSpan bytes);

}  // namespace thumbmill
