// worker/image/codec/png_head.h: the chunks of a PNG, and which of those before
// its data count.
//
// The rule  a chunk that is wrong, twice there or out of place is damage only
//           where a sample of the picture may be wrong for it. Else the chunk
//           is left out, or read as it was meant, and complained of.
//           docs/images.md, "Damaged PNGs", is the table.
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
#include "worker/image/header/inspect.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

struct PngChunk {
  std::string_view type;  // four bytes of the file; the data follow them
  ByteSpan data;          // where the file ends: as many as there are
  std::uint32_t sum = 0;  // as stored
  bool cut = false;       // the file ends before the check sum does

  [[nodiscard]] bool has_right_sum() const;
};

// Steps from chunk to chunk.
class PngChunks {
 public:
  PngChunks(ByteSpan png, std::size_t at) : png_(png), at_(at) {}

  // Returns empty if there is no room for a length and a type, or the length is
  // not legal.
  [[nodiscard]] std::optional<PngChunk> Next();
  // Returns where the next chunk starts.
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool at_illegal_length() const { return illegal_length_; }

 private:
  ByteSpan png_;
  std::size_t at_;
  bool illegal_length_ = false;
};

// The first of each kind that is whole.
struct PngHead {
  PngHeader header;
  std::optional<ByteSpan> palette;       // PLTE of a palette's picture
  std::optional<ByteSpan> transparency;  // tRNS, as long as it may be
  std::optional<ByteSpan> profile;       // iCCP: a name, the profile deflated
  std::optional<ByteSpan> cicp, srgb, gama, chrm, exif;
  std::size_t first_data = 0;  // offset of the first IDAT
};

[[nodiscard]] Verdict<PngHead> ReadPngHead(ByteSpan png, FailOn fail_on,
                                           Complaints* complaints);

// Returns the first eXIf that is whole, wherever it stands; empty: none.
[[nodiscard]] ByteSpan FindPngExif(ByteSpan png, const PngHead& head);

// Complains of faults after the data, from the chunk at `at` on: all the
// picture's samples have come, so none of them is damage. `unread` bytes of
// data before it were left over.
void CheckPngTail(ByteSpan png, std::size_t at, std::size_t unread,
                  Complaints* complaints);

}  // namespace thumbmill
