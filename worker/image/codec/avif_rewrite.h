// worker/image/codec/avif_rewrite.h: writes boxes for libavif that replace
// those of the file.
//
// The libavif of Debian 12 (0.11) joins the tiles of a grid in the order in
// which the boxes first name them, but the standard wants the order of the
// reference to them. And no version of libavif takes two `ipma` boxes of one
// version, which an early encoder wrote, nor boxes in an odd order. Such a file
// gets a new head: an `ftyp` and a `meta` box with only the items of the
// picture, numbered from 1 in the right order. The coded bytes are not touched:
// libavif sees the head and, after it, the whole file as it is.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

// The longest head. A colour profile is the longest part of one.
constexpr std::size_t kMaxAvifHead = 16 << 20;

// Returns the new head. Returns empty if libavif can read the file as it is, or
// should itself report why it cannot.
[[nodiscard]] ImageResult<std::vector<std::uint8_t>> RewriteAvifHead(
    ByteSpan file);

}  // namespace thumbmill
