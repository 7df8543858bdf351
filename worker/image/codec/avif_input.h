// worker/image/codec/avif_input.h: gives libavif its input: the file alone, or
// a new head and then the file.
//
// Threads  none of its own. Must outlive the avifDecoder that reads from it.
#pragma once

#include <avif/avif.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// The head and the file look like one file. No byte of either is copied.
class AvifInput {
 public:
  // `head` replaces the boxes of the file; if it is empty, libavif reads the
  // file's own boxes.
  AvifInput(std::vector<std::uint8_t> head, ByteSpan file)
      : head_(std::move(head)), file_(file) {
    io_.read = Read;
    io_.sizeHint = std::uint64_t{head_.size()} + file_.size();
    io_.persistent = AVIF_TRUE;  // libavif may keep pointers to our bytes
    io_.data = this;
  }
  AvifInput(const AvifInput&) = delete;
  AvifInput& operator=(const AvifInput&) = delete;

  [[nodiscard]] avifIO* io() { return &io_; }

 private:
  // Returns fewer than `size` bytes at the end of the head or of the file,
  // since the two are not contiguous in memory.
  static avifResult Read(avifIO* io, std::uint32_t flags, std::uint64_t offset,
                         std::size_t size, avifROData* out) {
    const auto& input = *static_cast<const AvifInput*>(io->data);
    if (flags != 0 || offset > io->sizeHint) return AVIF_RESULT_IO_ERROR;
    const bool in_head = offset < input.head_.size();
    const ByteSpan part = in_head ? ByteSpan(input.head_) : input.file_;
    const ByteSpan rest = part.subspan(static_cast<std::size_t>(
        in_head ? offset : offset - input.head_.size()));
    *out = {rest.data(), std::min(size, rest.size())};
    return AVIF_RESULT_OK;
  }

  std::vector<std::uint8_t> head_;
  ByteSpan file_;
  avifIO io_{};
};

}  // namespace thumbmill
