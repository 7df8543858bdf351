#include "worker/image/header/icc_pieces.h"

#include <string_view>

namespace thumbmill {
namespace {

constexpr std::string_view kTag("ICC_PROFILE\0", 12);
constexpr std::size_t kHeader = kTag.size() + 2;

// Returns the size that the profile gives in its first four bytes, or SIZE_MAX
// if the first piece is shorter than that.
std::size_t SizeOfProfile(ByteSpan first) {
  if (first.size() < 4) return SIZE_MAX;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | first[i];
  return size;
}

}  // namespace

void IccPieces::Add(ByteSpan segment) {
  if (segment.size() <= kHeader || !AsText(segment).starts_with(kTag)) return;
  const std::uint8_t number = segment[kTag.size()];
  if (!any_) count_ = segment[kTag.size() + 1];
  any_ = true;
  if (pieces_[number].empty()) pieces_[number] = segment.subspan(kHeader);
}

std::vector<ByteSpan> IccPieces::Join() const {
  std::vector<ByteSpan> joined;
  const std::size_t wanted = SizeOfProfile(pieces_[1]);
  std::size_t size = 0;
  for (std::size_t i = 1; i < pieces_.size() && !pieces_[i].empty(); ++i) {
    // Further pieces are not part of the profile.
    if (size >= wanted) break;
    joined.push_back(pieces_[i]);
    size += pieces_[i].size();
  }
  const bool whole = joined.size() >= count_ || size >= wanted;
  return whole ? joined : std::vector<ByteSpan>();
}

}  // namespace thumbmill
