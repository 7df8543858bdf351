// worker/image/header/gif_layout.h: reads a GIF up to its first picture, before
// giflib sees it.
//
// Errors   none: a fact that cannot be read stays at its default. Every read
//          is bounds-checked; the work is bounded (walk_budget.h). Fuzzed.
// Contract https://www.w3.org/Graphics/GIF/spec-gif89a.txt
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

struct GifLayout {
  // Size of the logical screen, enlarged to hold the first picture, as
  // browsers, libvips and Pillow do. 0: the header is not whole.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool has_frame = false;
  bool ends = false;      // the trailer came before any picture
  bool overlong = false;  // see walk_budget.h: the rest was not read
  // Place and size of the first picture on the screen.
  std::uint32_t frame_x = 0;
  std::uint32_t frame_y = 0;
  std::uint32_t frame_width = 0;
  std::uint32_t frame_height = 0;
  std::size_t data_bytes = 0;  // from its first data to the end of the file
  bool interlaced = false;
  int transparent = -1;  // index that means "transparent"; -1: none

  // Returns true if the picture fills the screen.
  [[nodiscard]] bool covered() const {
    return frame_width == width && frame_height == height;
  }
};

[[nodiscard]] GifLayout WalkGif(ByteSpan bytes);

[[nodiscard]] std::optional<Sniffed> SniffGif(ByteSpan bytes);
[[nodiscard]] ImageHeader PeekGif(ByteSpan bytes);

}  // namespace thumbmill
