// worker/image/codec/jpeg_bits.h: reads the bits of a JPEG's entropy-coded data
// without stuffing and markers.
//
// The idea: bytes are copied once, without their stuffing, into a window that
// fits the L1 or L2 cache. Decoding then reads eight bytes at a time without
// checking them. Restart markers are removed, too; a list keeps the places
// where segments end, and EndSegment() compares them with the cursor.
//
// Owns     the window (kWindow bytes), but not the bytes of the file.
// Errors   reading past the end gives zeros. The next Take(), EndSegment() or
//          AtEnd() that notices it returns false.
// Source   ITU-T T.81, B.1.1.5 (stuffing), E.1.4 (restart), F.2.2.5 (bits).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// The next bits; the first one is the highest bit. Decoders are fast because
// they keep a copy of the cursor in local variables; they give it back with
// EntropyBytes::Return().
struct BitCursor {
  std::uint64_t bits = 0;
  unsigned count = 0;  // number of `bits` that are known
  const std::uint8_t* next = nullptr;

  // Reads bytes until at least 56 bits are known. It has no branch: `bits` may
  // hold a part of the next byte after the known bits, and the next call ORs
  // the same values into them.
  void Refill() {
    std::uint64_t word;
    std::memcpy(&word, next, sizeof word);
    if constexpr (kLittleEndian) word = __builtin_bswap64(word);
    bits |= word >> count;
    next += (63 - count) >> 3;
    count |= 56;
  }
  // Returns the next `n` bits, 1 to 32. At least `n` bits must be known.
  [[nodiscard]] std::uint32_t Peek(unsigned n) const {
    return static_cast<std::uint32_t>(bits >> (64 - n));
  }
  void Drop(unsigned n) {
    bits <<= n;
    count -= n;
  }

 private:
  static constexpr bool kLittleEndian =
      __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
};

class EntropyBytes {
 public:
  // `bytes` begin after the header of a scan and must outlive this.
  explicit EntropyBytes(ByteSpan bytes);
  // Can be moved, but not copied: the cursor points into the window, so the
  // cursor of a copy would point into the window of the original.
  EntropyBytes(EntropyBytes&&) noexcept = default;
  EntropyBytes& operator=(EntropyBytes&&) noexcept = default;
  EntropyBytes(const EntropyBytes&) = delete;
  EntropyBytes& operator=(const EntropyBytes&) = delete;
  ~EntropyBytes() = default;

  // More bytes than one MCU can take: 10 blocks of 64 codes of 16 bits with
  // values of 11 bits, and the bytes that Refill() reads ahead.
  static constexpr std::size_t kReserve = 4096;

  // Call before each MCU, or less often if kReserve covers all bytes that are
  // read in between. Returns false once the decoder has read past the end.
  [[nodiscard]] bool Take(BitCursor* cursor) {
    if (cursor_.next > refill_at_ && !Advance()) return false;
    *cursor = cursor_;
    return true;
  }
  void Return(const BitCursor& cursor) { cursor_ = cursor; }
  // Returns true if `cursor` can read one more MCU without Return() and Take().
  [[nodiscard]] bool HasMcu(const BitCursor& cursor) const {
    return cursor.next <= refill_at_;
  }

  // Returns true if the next marker is the restart marker with this number
  // (0-7) and all bits before it were read, except at most 7 bits of padding.
  // Take() then continues in the next segment.
  [[nodiscard]] bool EndSegment(unsigned restart_number);
  // Returns true if the next marker is any other one, which ends the scan, and
  // all bits before it were read. rest() then begins with that marker.
  [[nodiscard]] bool AtEnd();
  [[nodiscard]] ByteSpan rest() const { return source_; }

 private:
  static constexpr std::size_t kWindow = 32 << 10;
  struct Segment {
    std::uint64_t end;  // offset in the bytes without stuffing
    std::uint8_t marker;
  };

  [[nodiscard]] bool Advance();
  void Slide();
  void Unstuff();
  // Copies bytes up to the next 0xFF and then handles the stuffing or marker
  // that begins there. Returns false if the window is full or the data ends.
  bool UnstuffSome();
  [[nodiscard]] bool SegmentIsUsedUp(const Segment& segment) const;
  [[nodiscard]] const Segment* NextSegment();

  ByteSpan source_;  // not yet in the window
  bool ended_ = false;
  std::vector<std::uint8_t> window_;
  std::size_t filled_ = 0;  // bytes of the window that hold data
  // Offset of the window's first byte in the bytes without stuffing.
  std::uint64_t base_ = 0;
  std::vector<Segment> segments_;
  std::size_t segment_ = 0;  // index of the segment being read
  BitCursor cursor_;
  // Take() fills the window again if the cursor stands beyond this.
  const std::uint8_t* refill_at_ = nullptr;
};

}  // namespace thumbmill
