// worker/image/header/box_walker.h: steps through the boxes of an ISO base
// media file, one after the other.
//
// Errors   none: a box that does not fit ends the walk. Bounds-checked.
// Contract ISO/IEC 14496-12, 4.2.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "worker/image/header/walk_budget.h"

namespace thumbmill {

// Reads a big-endian number of `size` bytes. It must lie within `bytes`.
[[nodiscard]] inline std::uint64_t BoxNumber(ByteSpan bytes, std::size_t at,
                                             std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + i];
  return value;
}

[[nodiscard]] inline std::uint32_t BoxU32(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(BoxNumber(bytes, at, 4));
}

// Returns the bytes after the first `count`, or nothing if there are fewer.
[[nodiscard]] inline ByteSpan After(ByteSpan bytes, std::size_t count) {
  return bytes.subspan(std::min(count, bytes.size()));
}

// Steps over the boxes in `bytes`. The last box may be cut off by the end of
// the bytes; cut() then says so.
class BoxWalker {
 public:
  static constexpr std::size_t kHeader = 8;
  static constexpr std::size_t kLongHeader = 16;
  static constexpr std::size_t kFullBox = 4;  // version and flags

  BoxWalker(ByteSpan bytes, WalkBudget* budget)
      : rest_(bytes), budget_(budget) {}

  [[nodiscard]] bool Next() {
    if (rest_.size() < kHeader || !budget_->Spend()) return false;
    std::uint64_t size = BoxU32(rest_, 0);
    std::size_t header = kHeader;
    type_ = AsText(rest_.subspan(4, 4));
    if (size == 1) {  // the size is a number of 8 bytes after the type
      if (rest_.size() < kLongHeader) return false;
      size = BoxNumber(rest_, 8, 8);
      header = kLongHeader;
    }
    if (size == 0) size = rest_.size();  // the box reaches to the end
    if (size < header) return false;
    cut_ = size > rest_.size();
    const auto whole =
        static_cast<std::size_t>(std::min<std::uint64_t>(size, rest_.size()));
    box_ = rest_.first(whole);
    body_ = box_.subspan(header);
    rest_ = rest_.subspan(whole);
    return true;
  }
  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] ByteSpan box() const { return box_; }  // with its header
  [[nodiscard]] ByteSpan body() const { return body_; }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  ByteSpan rest_;
  WalkBudget* budget_;
  std::string_view type_;
  ByteSpan box_;
  ByteSpan body_;
  bool cut_ = false;
};

}  // namespace thumbmill
