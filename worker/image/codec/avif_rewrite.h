// worker/image/codec/avif_rewrite.h: boxes for libavif in place of the file's.
//
// The libavif of Debian 12 (0.11) puts the tiles of a grid together in the
// order in which the boxes first name them; the order of the reference to them
// counts. And no libavif takes two `ipma` boxes of one version, which an early
// encoder wrote, nor boxes in an odd order. Such a file gets a new head: a
// `ftyp` and a `meta` box with what the picture needs, numbered anew from 1 on
// in the order that counts. The coded bytes are not touched: libavif sees the
// head, and behind it the whole file as it is.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

// Longer heads are refused; a colour profile is the longest part of one.
constexpr std::size_t kMaxAvifHead = 16 << 20;

// Returns empty if libavif may read the file as it is, or knows best why it
// cannot.
[[nodiscard]] Verdict<std::vector<std::uint8_t>> RewriteAvifHead(ByteSpan file);

}  // namespace thumbmill
