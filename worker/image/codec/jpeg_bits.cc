#include "worker/image/codec/jpeg_bits.h"

#include <algorithm>

namespace thumbmill {
namespace {

constexpr std::uint8_t kFirstRestart = 0xD0;
constexpr std::uint8_t kLastRestart = 0xD7;

}  // namespace

EntropyBytes::EntropyBytes(ByteSpan bytes) : source_(bytes) {
  // Small pictures need no large window. The kReserve + 8 bytes after the data
  // stay zero: an MCU that begins before the end of the data reads into them
  // without a check.
  const std::size_t room = std::min(kWindow, bytes.size());
  window_.resize(room + kReserve + sizeof(std::uint64_t));
  cursor_.next = window_.data();
  Unstuff();
}

bool EntropyBytes::UnstuffSome() {
  const std::size_t room = window_.size() - kReserve - 8 - filled_;
  const std::size_t want = std::min(room, source_.size());
  if (want == 0) return false;
  std::uint8_t* out = window_.data() + filled_;
  const void* found = std::memchr(source_.data(), 0xFF, want);
  const std::size_t plain =
      found == nullptr
          ? want
          : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) -
                                     source_.data());
  std::memcpy(out, source_.data(), plain);
  filled_ += plain;
  source_ = source_.subspan(plain);
  if (found == nullptr) return true;
  if (source_.size() < 2) {
    ended_ = true;
    return false;
  }
  // T.81 B.1.1.5: 0xFF 0x00 stands for a byte 0xFF.
  const std::uint8_t marker = source_[1];
  if (marker == 0) {
    window_[filled_++] = 0xFF;
    source_ = source_.subspan(2);
    return true;
  }
  // The marker that ends the scan stays in source_, where rest() finds it.
  segments_.push_back({base_ + filled_, marker});
  ended_ = marker < kFirstRestart || marker > kLastRestart;
  if (!ended_) source_ = source_.subspan(2);
  return !ended_;
}

void EntropyBytes::Unstuff() {
  while (!ended_ && UnstuffSome()) {
  }
  if (source_.empty()) ended_ = true;
  // A decoder that reads past the end must find zeros, not older bytes.
  std::memset(window_.data() + filled_, 0, window_.size() - filled_);
  // Until the data ends, a whole MCU must lie in the window when it begins.
  refill_at_ = window_.data() +
               (ended_ ? filled_ : filled_ - std::min(filled_, kReserve));
}

bool EntropyBytes::Advance() {
  if (!ended_) {
    Slide();
    return true;
  }
  // Refill() reads up to 8 bytes that the decoder may never use.
  return cursor_.next <= window_.data() + filled_ + sizeof cursor_.bits;
}

// Moves unread bytes to the front of the window and fills it up. Keeps the
// bytes whose bits the cursor holds, since they may belong to the next segment.
void EntropyBytes::Slide() {
  const auto used = static_cast<std::size_t>(cursor_.next - window_.data());
  const std::size_t kept = std::min(used, sizeof cursor_.bits);
  const std::size_t gone = std::min(used - kept, filled_);
  std::memmove(window_.data(), window_.data() + gone, filled_ - gone);
  filled_ -= gone;
  base_ += gone;
  cursor_.next -= gone;
  segments_.erase(segments_.begin(),
                  segments_.begin() + static_cast<std::ptrdiff_t>(segment_));
  segment_ = 0;
  Unstuff();
}

bool EntropyBytes::SegmentIsUsedUp(const Segment& segment) const {
  const std::uint64_t read =
      base_ + static_cast<std::uint64_t>(cursor_.next - window_.data());
  const std::uint64_t used_bits = read * 8 - cursor_.count;
  const std::uint64_t end_bits = segment.end * 8;
  return used_bits <= end_bits && end_bits - used_bits < 8;
}

const EntropyBytes::Segment* EntropyBytes::NextSegment() {
  // The marker may lie just after the window.
  if (segment_ == segments_.size() && !ended_) Slide();
  return segment_ < segments_.size() ? &segments_[segment_] : nullptr;
}

bool EntropyBytes::EndSegment(unsigned restart_number) {
  const Segment* segment = NextSegment();
  if (segment == nullptr || segment->marker != kFirstRestart + restart_number ||
      !SegmentIsUsedUp(*segment))
    return false;
  // Drops the padding and the bits of the next segment that Refill() has read:
  // a segment begins at a whole byte.
  cursor_.next = window_.data() + (segment->end - base_);
  cursor_.bits = 0;
  cursor_.count = 0;
  ++segment_;
  return true;
}

bool EntropyBytes::AtEnd() {
  const Segment* segment = NextSegment();
  if (segment == nullptr) return false;
  const bool restart =
      segment->marker >= kFirstRestart && segment->marker <= kLastRestart;
  return !restart && SegmentIsUsedUp(*segment);
}

}  // namespace thumbmill
