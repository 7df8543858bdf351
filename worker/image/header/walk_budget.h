// worker/image/header/walk_budget.h: bounds the time of a walk through a
// header.
//
// The coordinator reads the header of each file in its event loop, and nobody
// has checked these files. A picture has tens of segments, chunks, blocks or
// boxes before its samples; a large one has thousands (XMP in a GIF comes in
// blocks of about 80 bytes). Stepping over a million takes some milliseconds. A
// walk stops after that many, and the worker refuses the file.
#pragma once

#include <cstddef>

namespace thumbmill {

constexpr std::size_t kMaxHeaderParts = 1 << 20;

// Counts the parts of one walk.
class WalkBudget {
 public:
  // Returns false if there were too many parts: the walk must stop.
  [[nodiscard]] bool Spend(std::size_t parts = 1) {
    over_ |= parts > left_;
    left_ -= over_ ? left_ : parts;
    return !over_;
  }
  // Spends for one part, and for the bytes that were searched to find it.
  [[nodiscard]] bool SpendBytes(std::size_t bytes) {
    return Spend(1 + bytes / kBytesOfAPart);
  }
  // Returns the number of bytes that may still be searched.
  [[nodiscard]] std::size_t bytes_left() const { return left_ * kBytesOfAPart; }
  [[nodiscard]] bool over() const { return over_; }

 private:
  // Searching this many bytes takes as long as stepping over one part.
  static constexpr std::size_t kBytesOfAPart = 16;

  std::size_t left_ = kMaxHeaderParts;
  bool over_ = false;
};

}  // namespace thumbmill
