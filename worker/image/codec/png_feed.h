// worker/image/codec/png_feed.h: shows libpng a cleaned PNG: the chunks that
// count, in the order of the standard, then the data, then an end.
//
// The idea: libpng refuses a file for many faults that cost no sample. So it
// gets a file without faults outside of its data. The feed checks the CRCs
// itself, with a function that is many times faster. It copies no byte before
// libpng reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "worker/image/codec/png_head.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

class PngFeed {
 public:
  // `png` and `warnings` outlive this.
  PngFeed(ByteSpan png, const PngHead& head, DecodeWarnings* warnings);

  // Copies the next `size` bytes. Returns false if the file ends before them.
  [[nodiscard]] bool Read(std::uint8_t* out, std::size_t size);

  // Returns true if chunks of other types lie between the chunks of data.
  [[nodiscard]] bool split() const { return split_; }
  // Returns true if a chunk of data has a wrong check sum.
  [[nodiscard]] bool damaged() const { return damaged_; }
  // Returns the bytes that libpng has not read of the current chunk of data.
  [[nodiscard]] std::size_t unread() const;
  // Returns the offset in the file of the chunk after that one.
  [[nodiscard]] std::size_t next_chunk_at() const { return next_chunk_at_; }

 private:
  // libpng warns about data chunks of more than 4 MB; larger ones are given in
  // parts.
  static constexpr std::size_t kMostInFrame = 1 << 20;

  void Add(ByteSpan part) { parts_[part_count_++] = part; }
  // Adds a chunk with its length and type before the data and a check sum after
  // it.
  void Frame(std::string_view type, ByteSpan data);
  [[nodiscard]] bool FrameData();
  [[nodiscard]] bool NextData();

  DecodeWarnings* const warnings_;
  PngChunks chunks_;
  ByteSpan data_;  // rest of an IDAT that is not framed yet
  // The arrays are fixed, since an allocation may throw, and no exception may
  // pass through libpng's functions.
  std::array<std::array<std::uint8_t, 8>, 3> heads_{};
  std::array<ByteSpan, 10> parts_;  // signature, three chunks of three parts
  std::size_t head_count_ = 0;
  std::size_t part_count_ = 0;
  std::size_t part_ = 0;  // the part that libpng reads next
  std::size_t next_chunk_at_;
  bool split_ = false;
  bool damaged_ = false;
  bool cut_ = false;    // the file ends without IEND
  bool ended_ = false;  // IEND was given
};

}  // namespace thumbmill
