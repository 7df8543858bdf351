// worker/image/header/webp_layout.h: reads the chunks of a WebP file, before
// libwebp sees them.
//
// Errors   none: a fact that cannot be read stays at its default. Every read
//          is bounds-checked; the work is bounded (walk_budget.h). Fuzzed.
// Contract https://developers.google.com/speed/webp/docs/riff_container
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

struct WebpLayout {
  std::uint32_t width = 0;  // width of the canvas; 0: the header is not whole
  std::uint32_t height = 0;
  bool lossless = false;  // the first frame is lossless
  bool alpha = false;     // some pixel may be transparent
  bool animated = false;
  bool overlong = false;  // see walk_budget.h: the rest was not read
  bool ends = false;  // the file has all bytes that its RIFF header promises
  // The RIFF header promises fewer bytes than the picture has, and the file has
  // them.
  bool wrong_size = false;
  // The bytes of the first frame for libwebp: the whole file, the chunks of one
  // ANMF, or the picture's chunks if the file's length differs from its RIFF
  // header.
  ByteSpan frame;
  bool frame_is_whole = false;  // no chunk of the frame is cut off
  std::uint32_t frame_x = 0;
  std::uint32_t frame_y = 0;
  std::uint32_t frame_width = 0;
  std::uint32_t frame_height = 0;
  // VP8X announces such chunks; all readers ignore chunks that it does not
  // announce.
  bool has_icc = false;
  bool has_exif = false;
  ByteSpan icc;
  ByteSpan exif;  // the TIFF structure

  // Returns true if the first frame has the size of the canvas.
  [[nodiscard]] bool covered() const {
    return frame_width == width && frame_height == height;
  }
};

[[nodiscard]] WebpLayout WalkWebp(ByteSpan bytes);

[[nodiscard]] std::optional<Sniffed> SniffWebp(ByteSpan bytes);
[[nodiscard]] ImageHeader PeekWebp(ByteSpan bytes);

}  // namespace thumbmill
