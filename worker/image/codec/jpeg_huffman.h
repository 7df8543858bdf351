// worker/image/codec/jpeg_huffman.h: Huffman tables of a JPEG, made ready for
// fast reading.
//
// The idea: most codes and the bits that follow them fit into the few bits
// that a table is indexed by, so one look gives run and value; in sequential
// data, whose values are wanted by the dozen, those of two coefficients. Where
// values are not wanted, one look passes over all codes that fit.
//
// Source   ITU-T T.81, C.2 (codes), F.2.2 (decoding), K.3 (typical tables).
// Errors   Make() is empty for a table that no prefix code can have.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/image/codec/jpeg_bits.h"

namespace thumbmill {

// As a DHT segment gives it.
struct HuffmanSpec {
  std::array<std::uint8_t, 17> counts{};  // [1..16]: codes of that length
  std::array<std::uint8_t, 256> symbols{};
};

// Code by code, without any table to look into: the definition, and for codes
// that are longer than the tables are wide.
class HuffmanCodes {
 public:
  [[nodiscard]] static std::optional<HuffmanCodes> Make(const HuffmanSpec& spec,
                                                        unsigned max_symbol);

  struct Code {
    unsigned length = 0;  // 0: no code begins so
    unsigned symbol = 0;
  };
  // Of the next 16 bits.
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
  // Of each length: the first code and the one behind the last, as 16 bits.
  std::array<std::uint32_t, 17> first_code_{};
  std::array<std::uint32_t, 17> limit_{};
  std::array<std::uint16_t, 17> first_symbol_{};
};

// The value of `size` bits, T.81 F.2.2.1 (EXTEND). `size` is at least 1.
[[nodiscard]] constexpr int ExtendSign(std::uint32_t bits, unsigned size) {
  const auto value = static_cast<int>(bits);
  return value < (1 << (size - 1)) ? value - (1 << size) + 1 : value;
}

// Reads the difference of a DC coefficient.
class DcTable {
 public:
  static constexpr unsigned kBits = 10;
  static constexpr unsigned kMaxSymbol = 15;  // T.81 has no more
  explicit DcTable(const HuffmanCodes& codes);

  // Needs 27 bits. False: no such code, or a size that 8-bit data cannot have.
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
  // What the next 32 bits say, as an entry; kLong: nothing.
  [[nodiscard]] std::uint32_t Find(std::uint32_t bits) const;
  [[nodiscard]] static std::uint32_t Entry(std::uint32_t bits, unsigned length,
                                           unsigned size);

  HuffmanCodes codes_;
  // difference << 16 | bits of code and value, if both fit.
  std::array<std::uint32_t, 1 << kBits> entries_{};
};

// What a look at the next AC bits of sequential data says: up to two
// coefficients, and whether the block ends behind them.
class AcPairs {
 public:
  static constexpr unsigned kBits = 11;

  enum class Kind : std::uint8_t {
    kGoesOn,  // one or two coefficients
    kEnds,    // none, one or two, and then the block ends
    kLarge,   // one whose value does not fit: `bits` are of the code, passed
              // and value of the second are its run and its size
    kLong     // not even the code fits
  };
  // One coefficient alone stands there twice: the second passes none.
  struct Entry {
    std::uint8_t bits;         // in all
    std::uint8_t first_bits;   // of the first coefficient, + 16 * Kind
    std::uint8_t passed;       // places to behind the first coefficient
    std::uint8_t then_passed;  // and from there to behind the second
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

// What a look at the next AC bits says.
class AcTable {
 public:
  static constexpr unsigned kBits = 10;
  static constexpr unsigned kMaxSymbol = 255;
  // `progressive`: a code may end more blocks than one. Else values are looked
  // up in pairs().
  AcTable(const HuffmanCodes& codes, bool progressive);

  // value << 16 | (run + 1) << 8 | bits in all, if code and value fit;
  // else kSpecial and one of the kinds below in the upper half.
  static constexpr std::uint32_t kSpecial = 0x8000;
  static constexpr std::uint32_t kEndOfBlock = 0;  // bits: of the code
  static constexpr std::uint32_t kLongCode = 16;
  // 1-15: the size of a value that does not fit; bits: of the code; run.
  [[nodiscard]] std::uint32_t Look(const BitCursor& cursor) const {
    return values_[cursor.Peek(kBits)];
  }

  // (coefficients passed, + kEnds if the block ends) << 8 | bits in all; kEnds
  // - 1 coefficients, more than there are, if not even one code fits.
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
  std::optional<AcPairs> pairs_;       // of sequential data
  std::vector<std::uint32_t> values_;  // of progressive data
  std::vector<std::uint16_t> skips_;
};

}  // namespace thumbmill
