// worker/image/header/icc_pieces.h: joins the pieces of a colour profile that a
// JPEG holds in several segments.
//
// Errors   none: a profile with a missing piece counts as no profile.
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
  // Takes the body of an APP2 segment. Ignores it if it is not a piece of a
  // profile, or if a piece of the same number came before.
  void Add(ByteSpan segment);

  // Returns the pieces in the order of their numbers, wherever they were in the
  // file. Returns empty if one is missing. Some writers give a wrong count of
  // pieces, so the profile is also whole if the pieces reach the size in its
  // header.
  [[nodiscard]] std::vector<ByteSpan> Join() const;
  [[nodiscard]] bool empty() const { return !any_; }

 private:
  std::array<ByteSpan, 256> pieces_;  // by number; an absent one is empty
  std::size_t count_ = 0;             // as given by the first piece of the file
  bool any_ = false;
};

}  // namespace thumbmill
