// worker/image/codec/png_head.h: reads the chunks of a PNG before its data, and
// decides which of them count.
//
// The rule  a chunk that is wrong, duplicate or out of place is damage only
//           if a sample of the picture may be wrong because of it. Otherwise
//           the chunk is left out, or read as it was meant, with a warning.
//           docs/images.md, "Damaged PNGs", has the table.
// Errors    kTruncated or kCorrupt before any IDAT; kUnsupported for a critical
//           chunk that we do not know.
// Source    W3C PNG, third edition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "proto/recipe.h"
#include "worker/image/header/png_layout.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

struct PngChunk {
  std::string_view type;  // four bytes of the file, just before the data
  ByteSpan data;          // cut if the file ends
  std::uint32_t sum = 0;  // as stored
  bool cut = false;       // the file ends before the check sum does

  [[nodiscard]] bool has_right_sum() const;
};

// Steps from chunk to chunk.
class PngChunks {
 public:
  PngChunks(ByteSpan png, std::size_t at) : png_(png), at_(at) {}

  // Returns the next chunk. Returns empty if there is no room for a length and
  // a type, or if the length is not legal.
  [[nodiscard]] std::optional<PngChunk> Next();
  // Returns the offset of the next chunk.
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool at_illegal_length() const { return illegal_length_; }

 private:
  ByteSpan png_;
  std::size_t at_;
  bool illegal_length_ = false;
};

// The bodies of the chunks that count: the first whole one of each kind.
struct PngHead {
  PngHeader header;
  std::optional<ByteSpan> palette;       // PLTE, if the colour type uses it
  std::optional<ByteSpan> transparency;  // tRNS, cut to its legal length
  std::optional<ByteSpan> profile;  // iCCP: a name, then the deflated profile
  std::optional<ByteSpan> cicp, srgb, gama, chrm, exif;
  std::size_t first_data = 0;  // offset of the first IDAT
};

// Reads the chunks up to the first IDAT.
[[nodiscard]] ImageResult<PngHead> ReadPngHead(ByteSpan png, FailOn fail_on,
                                               DecodeWarnings* warnings);

// Returns the body of the first whole eXIf chunk, anywhere in the file, or
// empty.
[[nodiscard]] ByteSpan FindPngExif(ByteSpan png, const PngHead& head);

// Warns about faults after the data, from the chunk at `at` on. None of
// them is damage, since all samples of the picture have been read. `unread` is
// the number of bytes left in the data before `at`.
void CheckPngTail(ByteSpan png, std::size_t at, std::size_t unread,
                  DecodeWarnings* warnings);

}  // namespace thumbmill
