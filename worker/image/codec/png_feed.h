// worker/image/codec/png_feed.h: a PNG as libpng is to see it: the chunks that
// count, in the order of the standard, then the data, then an end.
//
// The idea: libpng makes an error of much that costs no sample. So it gets a
// file without a fault outside of its data; check sums are looked at here, by a
// function that is many times faster. The feed copies nothing before it is
// read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "worker/image/codec/png_head.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

class PngFeed {
 public:
  // `png` and `complaints` outlive this.
  PngFeed(ByteSpan png, const PngHead& head, Complaints* complaints);

  // Returns false if the file ends before.
  [[nodiscard]] bool Read(std::uint8_t* out, std::size_t size);

  // Returns true if other chunks stand between those of the data.
  [[nodiscard]] bool split() const { return split_; }
  // Returns true if the check sum of a chunk of the data is wrong.
  [[nodiscard]] bool damaged() const { return damaged_; }
  // Returns the number of bytes left of the chunk that is being read.
  [[nodiscard]] std::size_t unread() const;
  // Returns where in the file the chunk after that one starts.
  [[nodiscard]] std::size_t next_chunk_at() const { return next_chunk_at_; }

 private:
  // libpng wonders at chunks of more than 4 MB.
  static constexpr std::size_t kMostInFrame = 1 << 20;

  void Add(ByteSpan part) { parts_[part_count_++] = part; }
  void Frame(std::string_view type, ByteSpan data);
  [[nodiscard]] bool FrameData();
  [[nodiscard]] bool NextData();

  Complaints* const complaints_;
  PngChunks chunks_;
  ByteSpan data_;  // of an IDAT, not framed yet
  // No allocation: libpng's functions stand between a throw and its catch.
  std::array<std::array<std::uint8_t, 8>, 3> heads_{};
  std::array<ByteSpan, 10> parts_;  // the signature, three frames
  std::size_t head_count_ = 0;
  std::size_t part_count_ = 0;
  std::size_t part_ = 0;  // that is being read
  std::size_t next_chunk_at_;
  bool split_ = false;
  bool damaged_ = false;
  bool cut_ = false;    // the file ends without IEND
  bool ended_ = false;  // IEND was framed
};

}  // namespace thumbmill
