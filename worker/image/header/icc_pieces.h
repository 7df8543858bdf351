// worker/image/header/icc_pieces.h: a colour profile that a JPEG holds in
// pieces.
//
// Errors   none: a profile with a hole is no profile.
// Source   ICC.1, annex B.4: "ICC_PROFILE\0", the number of the piece from 1,
//          the count of pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

class IccPieces {
 public:
  // Takes what an APP2 segment holds; looks away if that is no piece. The first
  // piece of each number counts.
  void Add(ByteSpan segment);

  // The pieces in the order of their numbers, wherever they stood in the file.
  // Empty where one is missing. The profile's own size counts as much as the
  // count of pieces, which some writers get wrong.
  [[nodiscard]] std::vector<ByteSpan> Join() const;
  [[nodiscard]] bool empty() const { return !any_; }

 private:
  std::array<ByteSpan, 256> pieces_;  // by number; an absent one is empty
  std::size_t count_ = 0;             // as the first piece has it
  bool any_ = false;
};

}  // namespace thumbmill
