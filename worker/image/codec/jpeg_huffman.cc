#include "worker/image/codec/jpeg_huffman.h"

#include <algorithm>

namespace thumbmill {
namespace {

constexpr unsigned kZeroRun = 0xF0;  // sixteen zeros

using Pair = AcPairs::Entry;
using PairKind = AcPairs::Kind;
constexpr std::size_t kPairs = std::size_t{1} << AcPairs::kBits;

Pair MakePair(PairKind kind, unsigned bits, unsigned passed, int value) {
  const auto value16 = static_cast<std::int16_t>(value);
  return {static_cast<std::uint8_t>(bits),
          static_cast<std::uint8_t>(bits | static_cast<unsigned>(kind) << 4),
          static_cast<std::uint8_t>(passed),
          0,
          value16,
          value16};
}

// Returns the entry for the first code of `bits` alone, whose length and symbol
// are known.
Pair FirstCode(std::uint32_t bits, unsigned length, unsigned symbol) {
  const unsigned run = symbol >> 4, size = symbol & 15;
  if (symbol == kZeroRun) return MakePair(PairKind::kGoesOn, length, 16, 0);
  if (size == 0) return MakePair(PairKind::kEnds, length, 0, 0);
  if (length + size > AcPairs::kBits) {
    // The caller reads the value itself, so it needs the run and the size.
    Pair large = MakePair(PairKind::kLarge, length, 0, 0);
    large.then_passed = static_cast<std::uint8_t>(run);
    large.then_value = static_cast<std::int16_t>(size);
    return large;
  }
  const std::uint32_t extra =
      bits >> (AcPairs::kBits - length - size) & ((1u << size) - 1);
  return MakePair(PairKind::kGoesOn, length + size, run + 1,
                  ExtendSign(extra, size));
}

// Returns the entry for the first code alone, for each index. Codes in order
// fill the table from 0 on, because a canonical Huffman code counts up.
std::vector<Pair> FirstCodes(const HuffmanCodes& codes) {
  constexpr unsigned kBits = AcPairs::kBits;
  std::vector<Pair> first(kPairs, MakePair(PairKind::kLong, 0, 0, 0));
  std::uint32_t at = 0;
  for (unsigned length = 1; length <= kBits; ++length)
    for (unsigned i = 0; i < codes.count(length); ++i) {
      const unsigned symbol = codes.Find(at << (16 - kBits), length).symbol;
      const std::uint32_t end = at + (1u << (kBits - length));
      for (; at < end; ++at) first[at] = FirstCode(at, length, symbol);
    }
  return first;
}

// Returns `pair` with the next code added if that code and its value lie within
// the index too and a place is free.
Pair WithNext(Pair pair, std::uint32_t bits, const std::vector<Pair>& first) {
  const Pair& next = first[bits << pair.bits & (kPairs - 1)];
  if (next.kind() > PairKind::kEnds || pair.bits + next.bits > AcPairs::kBits)
    return pair;
  if (next.goes_on()) {
    if (pair.then_passed != 0) return pair;
    pair.then_passed = next.passed;
    pair.then_value = next.value;
  } else {
    pair.first_bits |= static_cast<std::uint8_t>(PairKind::kEnds) << 4;
  }
  pair.bits = static_cast<std::uint8_t>(pair.bits + next.bits);
  return pair;
}

}  // namespace

std::optional<HuffmanCodes> HuffmanCodes::Make(const HuffmanSpec& spec,
                                               unsigned max_symbol) {
  HuffmanCodes codes;
  codes.counts_ = spec.counts;
  codes.symbols_ = spec.symbols;
  std::uint32_t code = 0;  // shifted up to 16 bits
  unsigned symbol = 0;
  for (unsigned length = 1; length <= 16; ++length) {
    codes.first_code_[length] = code;
    codes.first_symbol_[length] = static_cast<std::uint16_t>(symbol);
    code += std::uint32_t{spec.counts[length]} << (16 - length);
    symbol += spec.counts[length];
    codes.limit_[length] = code;
    // No code may be all ones, T.81 C.2.
    if (code >= 0x10000 || symbol > 256) return std::nullopt;
  }
  const auto too_large = [&](std::uint8_t s) { return s > max_symbol; };
  if (std::any_of(spec.symbols.begin(), spec.symbols.begin() + symbol,
                  too_large))
    return std::nullopt;
  return codes;
}

DcTable::DcTable(const HuffmanCodes& codes) : codes_(codes) {
  std::uint32_t at = 0;
  for (unsigned length = 1; length <= kBits; ++length)
    for (unsigned i = 0; i < codes.count(length); ++i) {
      const unsigned size = codes.Find(at << (16 - kBits), length).symbol;
      const std::uint32_t end = at + (1u << (kBits - length));
      for (; at < end; ++at)
        // Other entries stay kLong.
        if (length + size <= kBits)
          entries_[at] = Entry(at << (32 - kBits), length, size);
    }
}

// Returns the entry for 32 bits that begin with a code of this length and then
// a value of this size.
std::uint32_t DcTable::Entry(std::uint32_t bits, unsigned length,
                             unsigned size) {
  if (size == 0) return length;
  const int difference = ExtendSign(bits << length >> (32 - size), size);
  return std::uint32_t{static_cast<std::uint16_t>(difference)} << 16 |
         (length + size);
}

std::uint32_t DcTable::Find(std::uint32_t bits) const {
  const auto code = codes_.Find(bits >> 16, 1);
  if (code.length == 0 || code.symbol > kMaxSize) return kLong;
  return Entry(bits, code.length, code.symbol);
}

AcPairs::AcPairs(const HuffmanCodes& codes) {
  const std::vector<Pair> first = FirstCodes(codes);
  // The first round adds a second coefficient or the end of the block; the
  // second round adds the end after two coefficients.
  entries_ = first;
  for (std::uint32_t bits = 0; bits < kPairs; ++bits)
    for (int more = 0; more < 2 && entries_[bits].goes_on(); ++more)
      entries_[bits] = WithNext(entries_[bits], bits, first);
}

AcTable::AcTable(const HuffmanCodes& codes, bool progressive) : codes_(codes) {
  if (progressive) {
    values_.resize(std::size_t{1} << kBits);
    for (std::uint32_t bits = 0; bits < values_.size(); ++bits)
      values_[bits] = ValueEntry(bits);
  } else {
    pairs_.emplace(codes);
  }
  MakeSkips(progressive);
}

std::uint32_t AcTable::ValueEntry(std::uint32_t bits) const {
  const auto code = codes_.Find(bits << (16 - kBits), 1);
  if (code.length == 0 || code.length > kBits)
    return kLongCode << 16 | kSpecial;
  const unsigned run = code.symbol >> 4, size = code.symbol & 15;
  if (code.symbol == kZeroRun) return 16u << 8 | code.length;
  // A run in an end code says how many blocks end, T.81 G.1.2.2.
  if (size == 0) return kEndOfBlock << 16 | kSpecial | run << 8 | code.length;
  if (code.length + size > kBits)
    return size << 16 | kSpecial | run << 8 | code.length;
  const std::uint32_t extra =
      bits >> (kBits - code.length - size) & ((1u << size) - 1);
  const auto value = static_cast<std::uint16_t>(ExtendSign(extra, size));
  return std::uint32_t{value} << 16 | (run + 1) << 8 | (code.length + size);
}

// Fills skips_ in two passes. The first finds the effect of each entry's first
// code; its value may reach beyond the index, since only its length counts. The
// second adds the later codes that lie within the index together with their
// values.
void AcTable::MakeSkips(bool progressive) {
  struct Step {
    std::uint8_t bits = 0;  // of code and value; 0 if the code does not fit
    std::uint8_t passed = 0;
    bool ends = false;
  };
  constexpr std::size_t kEntries = std::size_t{1} << kSkipBits;
  std::vector<Step> first(kEntries);
  std::size_t at = 0;
  for (unsigned length = 1; length <= kSkipBits; ++length)
    for (unsigned i = 0; i < codes_.count(length); ++i) {
      const auto code = codes_.Find(
          static_cast<std::uint32_t>(at) << (16 - kSkipBits), length);
      const unsigned run = code.symbol >> 4, size = code.symbol & 15;
      Step step;
      step.bits = static_cast<std::uint8_t>(length + size);
      step.ends = size == 0 && code.symbol != kZeroRun;
      // The bits after such a code say how many blocks end. The caller has to
      // read them, so the table treats the code as one that does not fit.
      const bool many = progressive && step.ends && run > 0;
      if (many) step.bits = 0;
      step.passed = static_cast<std::uint8_t>(step.ends ? 0 : run + 1);
      const std::size_t span = std::size_t{1} << (kSkipBits - length);
      for (std::size_t end = at + span; at < end; ++at) first[at] = step;
    }

  skips_.resize(kEntries);
  for (std::size_t bits = 0; bits < kEntries; ++bits) {
    Step all = first[bits];
    if (all.bits == 0) {
      skips_[bits] = static_cast<std::uint16_t>((kEnds - 1) << 8);
      continue;
    }
    while (!all.ends && all.bits < kSkipBits) {
      const Step& next = first[bits << all.bits & (kEntries - 1)];
      if (next.bits == 0 || all.bits + next.bits > kSkipBits) break;
      // A block has 63 AC coefficients, and a larger sum might look like kEnds.
      if (all.passed + next.passed > 63) break;
      all.bits = static_cast<std::uint8_t>(all.bits + next.bits);
      all.passed = static_cast<std::uint8_t>(all.passed + next.passed);
      all.ends = next.ends;
    }
    const std::uint32_t passed = all.passed + (all.ends ? kEnds : 0);
    skips_[bits] = static_cast<std::uint16_t>(passed << 8 | all.bits);
  }
}

}  // namespace thumbmill
