// worker/image/codec/jpeg_bits.h: the bits of a JPEG's entropy-coded data,
// stuffing and markers taken out.
//
// The idea: bytes are copied once, without their stuffing, into a window that
// fits a near cache; decoding then reads eight at a time and asks nothing of
// them. Restart markers leave no trace but a list of where segments end, which
// is checked when the decoder says that it has reached one.
//
// Owns     the window (kWindow bytes); looks at the bytes given.
// Errors   reading past the end gives zeros; then Take() says no, or AtEnd() or
//          EndSegment().
// Source   ITU-T T.81, B.1.1.5 (stuffing), E.1.4 (restart), F.2.2.5 (bits).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// The next bits, first bit on top. A copy of it in local variables is what
// makes decoding fast; give it back with EntropyBytes::Return().
struct BitCursor {
  std::uint64_t bits = 0;
  unsigned count = 0;  // of `bits` that are known
  const std::uint8_t* next = nullptr;

  // From here on at least 56 bits are known.
  void Refill() {
    std::uint64_t word;
    std::memcpy(&word, next, sizeof word);
    if constexpr (kLittleEndian) word = __builtin_bswap64(word);
    bits |= word >> count;
    next += (63 - count) >> 3;
    count |= 56;
  }
  // 1 to 32 bits, that are known.
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
  // `bytes` begin behind the header of a scan and outlive this.
  explicit EntropyBytes(ByteSpan bytes);
  // The cursor points into the window: it moves with it, a copy would look
  // into another's.
  EntropyBytes(EntropyBytes&&) noexcept = default;
  EntropyBytes& operator=(EntropyBytes&&) noexcept = default;
  EntropyBytes(const EntropyBytes&) = delete;
  EntropyBytes& operator=(const EntropyBytes&) = delete;
  ~EntropyBytes() = default;

  // What one MCU may take at most: 10 blocks of 64 codes, 16 bits long, with
  // 11 bits each, and what Refill() reads ahead.
  static constexpr std::size_t kReserve = 4096;

  // To be called before each MCU (or less, if kReserve still covers it).
  // False: all bytes were read, and more.
  [[nodiscard]] bool Take(BitCursor* cursor) {
    if (cursor_.next > refill_at_ && !Advance()) return false;
    *cursor = cursor_;
    return true;
  }
  void Return(const BitCursor& cursor) { cursor_ = cursor; }
  // True: as good as to Return() and to Take() it again.
  [[nodiscard]] bool HasMcu(const BitCursor& cursor) const {
    return cursor.next <= refill_at_;
  }

  // True when all bits up to a restart marker with this number (0-7) were
  // taken, but for at most 7 of padding; the next segment then begins.
  [[nodiscard]] bool EndSegment(unsigned restart_number);
  // The same for any other marker, which ends the scan. Afterwards rest() is
  // what follows from that marker on.
  [[nodiscard]] bool AtEnd();
  [[nodiscard]] ByteSpan rest() const { return source_; }

 private:
  static constexpr std::size_t kWindow = 32 << 10;
  struct Segment {
    std::uint64_t end;  // offset in the unstuffed bytes
    std::uint8_t marker;
  };

  [[nodiscard]] bool Advance();
  void Slide();
  void Unstuff();
  // Copies up to the next 0xFF, and what that means. False: window is full or
  // the data ends.
  bool UnstuffSome();
  [[nodiscard]] bool SegmentIsUsedUp(const Segment& segment) const;
  [[nodiscard]] const Segment* NextSegment();

  ByteSpan source_;  // not yet in the window
  bool ended_ = false;
  std::vector<std::uint8_t> window_;
  std::size_t filled_ = 0;  // bytes of the window
  std::uint64_t base_ = 0;  // offset of the window's first byte
  std::vector<Segment> segments_;
  std::size_t segment_ = 0;  // the one being read
  BitCursor cursor_;
  const std::uint8_t* refill_at_ = nullptr;
};

}  // namespace thumbmill
