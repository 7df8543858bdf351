// worker/image/codec/gif_input.h: gives the bytes of a GIF to giflib.
#pragma once

#include <gif_lib.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "common/bytes.h"

namespace thumbmill {

// Gives the file to giflib. Codes come in blocks of up to 255 bytes, each after
// its length; an empty block ends them. If the file ends within a block, giflib
// gets a shorter block and then an empty one. It can then use every code that
// is there: the last of them may complete the picture.
class GifInput {
 public:
  explicit GifInput(ByteSpan bytes) : bytes_(bytes) {}

  // Gives up to `size` bytes. giflib asks for the length of a block by a read
  // of one byte.
  [[nodiscard]] int Read(GifByteType* out, int size) {
    const auto wanted = static_cast<std::size_t>(std::max(size, 0));
    if (in_codes_ && block_left_ == 0 && wanted == 1) return ReadLength(out);
    const std::size_t given = std::min(wanted, Left());
    hit_end_ |= given < wanted;
    std::memcpy(out, bytes_.data() + at_, given);
    at_ += given;
    block_left_ -= std::min(given, block_left_);
    return static_cast<int>(given);
  }
  // Call before the first block of codes is read.
  void EnterCodes() { in_codes_ = true; }

  [[nodiscard]] ByteSpan bytes() const { return bytes_; }
  [[nodiscard]] bool hit_end() const { return hit_end_; }
  [[nodiscard]] bool at_end() const { return Left() == 0; }

 private:
  [[nodiscard]] std::size_t Left() const { return bytes_.size() - at_; }
  [[nodiscard]] int ReadLength(GifByteType* out) {
    const std::size_t said = Left() > 0 ? bytes_[at_++] : 1;
    block_left_ = std::min(said, Left());
    hit_end_ |= block_left_ < said;
    *out = static_cast<GifByteType>(block_left_);
    return 1;
  }

  ByteSpan bytes_;
  std::size_t at_ = 0;
  bool hit_end_ = false;
  bool in_codes_ = false;
  std::size_t block_left_ = 0;  // bytes of the block that giflib has to read
};

// The callback of DGifOpen(): the user's pointer is a GifInput.
inline int ReadGifBytes(GifFileType* gif, GifByteType* out, int size) {
  return static_cast<GifInput*>(gif->UserData)->Read(out, size);
}

}  // namespace thumbmill
