// worker/image/codec/jpeg_huffman.h: lookup tables that decode a JPEG's Huffman
// codes fast.
//
// The idea: a table is indexed by the next 10 to 12 bits. Most codes fit into
// them together with their value, so one lookup gives run and value. Sequential
// data need many values, so there one lookup gives two coefficients. Where the
// values are not needed, one lookup skips all codes that fit.
//
// Source   ITU-T T.81, C.2 (codes), F.2.2 (decoding), K.3 (typical tables).
// Errors   Make() returns empty if the table is no valid prefix code or has a
//          symbol above `max_symbol`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/image/codec/jpeg_bits.h"

namespace thumbmill {

// The contents of a DHT segment.
struct HuffmanSpec {
  std::array<std::uint8_t, 17> counts{};  // [1..16]: codes with that length
  std::array<std::uint8_t, 256> symbols{};
};

// Finds one code at a time without a lookup table. The tables are built with
// it, and decoders use it for codes that are longer than a table's index.
class HuffmanCodes {
 public:
  [[nodiscard]] static std::optional<HuffmanCodes> Make(const HuffmanSpec& spec,
                                                        unsigned max_symbol);

  struct Code {
    unsigned length = 0;  // 0 if the bits begin no code
    unsigned symbol = 0;
  };
  // Returns the code at the head of the next 16 bits. `from_length` skips
  // lengths that the caller has ruled out.
  [[nodiscard]] Code Find(std::uint32_t bits16, unsigned from_length) const {
    for (unsigned length = from_length; length <= 16; ++length)
      if (bits16 < limit_[length])
        return {length,
                symbols_[first_symbol_[length] +
                         ((bits16 - first_code_[length]) >> (16 - length))]};
    return {};
  }
  [[nodiscard]] unsigned count(unsigned length) const {
    return counts_[length];
  }

 private:
  std::array<std::uint8_t, 17> counts_{};
  std::array<std::uint8_t, 256> symbols_{};
  // First code of each length, and the end of that length's codes (exclusive);
  // both are shifted up to 16 bits.
  std::array<std::uint32_t, 17> first_code_{};
  std::array<std::uint32_t, 17> limit_{};
  std::array<std::uint16_t, 17> first_symbol_{};
};

// Returns the signed value of `size` bits, T.81 F.2.2.1 (EXTEND). `size` is at
// least 1.
[[nodiscard]] constexpr int ExtendSign(std::uint32_t bits, unsigned size) {
  const auto value = static_cast<int>(bits);
  return value < (1 << (size - 1)) ? value - (1 << size) + 1 : value;
}

// Reads the difference between a DC coefficient and the one before it.
class DcTable {
 public:
  static constexpr unsigned kBits = 10;
  static constexpr unsigned kMaxSymbol = 15;  // the largest in T.81
  explicit DcTable(const HuffmanCodes& codes);

  // Reads a code and its value; 27 bits must be known. Returns false if the
  // bits are no code, or the size is too large for 8-bit data.
  [[nodiscard]] bool Read(BitCursor* cursor, int* difference) const {
    std::uint32_t entry = entries_[cursor->Peek(kBits)];
    if (entry == kLong) entry = Find(cursor->Peek(32));
    cursor->Drop(entry & 0xFF);
    *difference = static_cast<std::int32_t>(entry) >> 16;
    return entry != kLong;
  }

 private:
  static constexpr unsigned kMaxSize = 11;
  static constexpr std::uint32_t kLong = 0;
  // Decodes the next 32 bits without the table. Returns an entry, or kLong if
  // the bits are no valid code.
  [[nodiscard]] std::uint32_t Find(std::uint32_t bits) const;
  [[nodiscard]] static std::uint32_t Entry(std::uint32_t bits, unsigned length,
                                           unsigned size);

  HuffmanCodes codes_;
  // difference << 16 | bits of code and value if both fit, else kLong.
  std::array<std::uint32_t, 1 << kBits> entries_{};
};

// Decodes up to two AC coefficients of sequential data in one lookup, and tells
// whether the block ends after them.
class AcPairs {
 public:
  static constexpr unsigned kBits = 11;

  enum class Kind : std::uint8_t {
    kGoesOn,  // one or two coefficients
    kEnds,    // none, one or two coefficients, then the end of the block
    kLarge,   // one coefficient whose value does not fit: `bits` is the length
              // of the code, then_passed its run, then_value its size
    kLong     // not even the code fits
  };
  // If there is only one coefficient, the second repeats its value and has
  // then_passed = 0: the decoder can store both without a branch.
  struct Entry {
    std::uint8_t bits;         // length of all codes and values
    std::uint8_t first_bits;   // length of the first coefficient, + 16 * Kind
    std::uint8_t passed;       // places up to and with the first coefficient
    std::uint8_t then_passed;  // places from there to the second coefficient
    std::int16_t value;
    std::int16_t then_value;

    [[nodiscard]] Kind kind() const { return Kind(first_bits >> 4); }
    [[nodiscard]] bool goes_on() const { return first_bits < 16; }
  };

  explicit AcPairs(const HuffmanCodes& codes);

  [[nodiscard]] const Entry& Look(const BitCursor& cursor) const {
    return entries_[cursor.Peek(kBits)];
  }

 private:
  std::vector<Entry> entries_;
};

// Decodes or skips AC coefficients by lookup.
class AcTable {
 public:
  static constexpr unsigned kBits = 10;
  static constexpr unsigned kMaxSymbol = 255;
  // A code may end several blocks in `progressive` data. Look() gives values
  // only there; pairs() gives those of sequential data.
  AcTable(const HuffmanCodes& codes, bool progressive);

  // Look() returns value << 16 | (run + 1) << 8 | bits of code and value, if
  // both fit. Otherwise it returns kind << 16 | kSpecial | run << 8 | bits of
  // the code, where `kind` is one of these:
  //   kEndOfBlock  the block ends, and perhaps others after it;
  //   kLongCode    the code does not fit, or the bits are no code;
  //   1 to 15      the size of a value that does not fit.
  static constexpr std::uint32_t kSpecial = 0x8000;
  static constexpr std::uint32_t kEndOfBlock = 0;
  static constexpr std::uint32_t kLongCode = 16;
  [[nodiscard]] std::uint32_t Look(const BitCursor& cursor) const {
    return values_[cursor.Peek(kBits)];
  }

  // LookSkip() returns (skipped coefficients, + kEnds if the block ends) << 8 |
  // bits of all skipped codes and values. If not even one code fits, it returns
  // kEnds - 1 coefficients, which is more than a block has.
  static constexpr unsigned kSkipBits = 12;
  static constexpr std::uint32_t kEnds = 128;
  [[nodiscard]] std::uint32_t LookSkip(const BitCursor& cursor) const {
    return skips_[cursor.Peek(kSkipBits)];
  }

  [[nodiscard]] const HuffmanCodes& codes() const { return codes_; }
  [[nodiscard]] const AcPairs& pairs() const { return *pairs_; }

 private:
  [[nodiscard]] std::uint32_t ValueEntry(std::uint32_t bits) const;
  void MakeSkips(bool progressive);

  HuffmanCodes codes_;
  std::optional<AcPairs> pairs_;       // only for sequential data
  std::vector<std::uint32_t> values_;  // only for progressive data
  std::vector<std::uint16_t> skips_;
};

}  // namespace thumbmill
