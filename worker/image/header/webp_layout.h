// worker/image/header/webp_layout.h: the chunks of a WebP file, before libwebp
// sees them.
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
  bool ends = false;      // all bytes that the RIFF header promises are there
  // The RIFF header promises less than the picture, which is there.
  bool wrong_size = false;
  // The first frame, for libwebp: the whole file, or the chunks of one ANMF, or
  // those of a picture whose file is longer or shorter than its header says.
  ByteSpan frame;
  bool frame_is_whole = false;  // no chunk of it is cut off
  std::uint32_t frame_x = 0;
  std::uint32_t frame_y = 0;
  std::uint32_t frame_width = 0;
  std::uint32_t frame_height = 0;
  // VP8X says that there are such chunks; all readers ignore others.
  bool has_icc = false;
  bool has_exif = false;
  ByteSpan icc;
  ByteSpan exif;  // the TIFF structure

  [[nodiscard]] bool covered() const {
    return frame_width == width && frame_height == height;
  }
};

[[nodiscard]] WebpLayout WalkWebp(ByteSpan bytes);

}  // namespace thumbmill
