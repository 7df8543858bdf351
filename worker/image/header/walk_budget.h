// worker/image/header/walk_budget.h: how long a look at a header may take.
//
// The coordinator looks at the header of each file in its event loop, and each
// file is a stranger's. A picture has tens of segments, chunks, blocks or boxes
// before its samples, a large one thousands (XMP in a GIF comes in blocks of
// about 80 bytes). A million takes some milliseconds to step over; a walk that
// has met as many ends, and the worker refuses the file.
#pragma once

#include <cstddef>

namespace thumbmill {

constexpr std::size_t kMaxHeaderParts = 1 << 20;

class WalkBudget {
 public:
  // Returns false when there were too many parts: the walk must end.
  [[nodiscard]] bool Spend(std::size_t parts = 1) {
    over_ |= parts > left_;
    left_ -= over_ ? left_ : parts;
    return !over_;
  }
  // Spends for bytes that were looked through for the next part.
  [[nodiscard]] bool SpendBytes(std::size_t bytes) {
    return Spend(1 + bytes / kBytesOfAPart);
  }
  // Returns how many bytes may still be looked through.
  [[nodiscard]] std::size_t bytes_left() const { return left_ * kBytesOfAPart; }
  [[nodiscard]] bool over() const { return over_; }

 private:
  // Looking through so many bytes costs as much as a part.
  static constexpr std::size_t kBytesOfAPart = 16;

  std::size_t left_ = kMaxHeaderParts;
  bool over_ = false;
};

}  // namespace thumbmill
