#include "worker/image/codec/low_ac_scan.h"

#include <algorithm>

namespace thumbmill {
namespace {

constexpr unsigned kZeroRun = 15;  // run of the code for sixteen zeros
constexpr unsigned kMaxAcSize = 10;
constexpr unsigned kMaxLowBit = 13;
constexpr unsigned kEnds = 17;  // not a size: larger than all of them
constexpr int kMost = 32767;

// A code and its value, whether the lookup table or HuffmanCodes decoded it.
struct Symbol {
  bool known = false;  // false if the bits are no valid code
  unsigned run = 0;
  unsigned size = 0;  // kEnds: the block ends, `run` bits count others
  int value = 0;
};

// Reads one code and its value; 26 bits must be known.
Symbol ReadSymbol(const AcTable& table, BitCursor* cursor) {
  const std::uint32_t look = table.Look(*cursor);
  Symbol symbol{true, look >> 8 & 0x7F, look >> 16, 0};
  if ((look & AcTable::kSpecial) == 0) {
    cursor->Drop(look & 0xFF);
    return {true, symbol.run - 1, 0, static_cast<std::int32_t>(look) >> 16};
  }
  unsigned length = look & 0xFF;
  if (symbol.size == AcTable::kEndOfBlock) symbol.size = kEnds;
  if (symbol.size == AcTable::kLongCode) {
    const auto code = table.codes().Find(cursor->Peek(16), AcTable::kBits + 1);
    if (code.length == 0) return {};
    length = code.length;
    symbol.run = code.symbol >> 4;
    symbol.size = code.symbol & 15;
    if (symbol.size == 0 && symbol.run != kZeroRun) symbol.size = kEnds;
  }
  cursor->Drop(length);
  if (symbol.size == kEnds || symbol.size == 0) return symbol;
  if (symbol.size > kMaxAcSize) return {};
  symbol.value = ExtendSign(cursor->Peek(symbol.size), symbol.size);
  cursor->Drop(symbol.size);
  return symbol;
}

}  // namespace

std::optional<LowAcScan> LowAcScan::Make(const FastJpegAcScan& scan,
                                         std::uint32_t across) {
  const auto codes = HuffmanCodes::Make(scan.table, AcTable::kMaxSymbol);
  const bool legal = scan.first >= 1 && scan.first <= scan.last &&
                     scan.last < 64 && scan.low_bit <= kMaxLowBit;
  if (!codes || !legal) return std::nullopt;
  return LowAcScan(scan, across, *codes);
}

LowAcScan::LowAcScan(const FastJpegAcScan& scan, std::uint32_t across,
                     const HuffmanCodes& codes)
    : bytes_(scan.data),
      table_(codes, true),
      across_(across),
      first_(scan.first),
      end_(scan.last + 1),
      low_bit_(scan.low_bit),
      restart_interval_(scan.restart_interval),
      left_(scan.restart_interval) {}

// Returns the middle of the values that `value` may become when the missing
// `low_bit_` bits come, in halves of a quantisation step.
std::int16_t LowAcScan::InTheMiddle(int value) const {
  if (value == 0) return 0;
  const int width = (1 << low_bit_) - 1;
  const int twice = 2 * value * (1 << low_bit_);
  // A clamped value is still too large for any 8-bit picture, so the range
  // check of the caller refuses it.
  return static_cast<std::int16_t>(
      std::clamp(value > 0 ? twice + width : twice - width, -kMost, kMost));
}

// Steps over a restart marker if one is due. Blocks that an earlier code has
// ended cannot reach beyond it.
bool LowAcScan::NextBlock() {
  if (restart_interval_ == 0) return true;
  if (left_ == 0) {
    if (end_run_ != 0 || !bytes_.EndSegment(restarts_ % 8)) return false;
    ++restarts_;
    left_ = restart_interval_;
  }
  --left_;
  return true;
}

// Reads how many blocks after this one have no codes, T.81 G.1.2.2.
void LowAcScan::EndBlocks(BitCursor* cursor, unsigned bits) {
  end_run_ = (std::uint32_t{1} << bits) - 1;
  if (bits == 0) return;
  end_run_ += cursor->Peek(bits);
  cursor->Drop(bits);
}

// Skips the coefficients of a block from `place` on, several at a time. A code
// that does not fit into a lookup, or ends several blocks, is read alone.
bool LowAcScan::SkipRest(BitCursor* cursor, unsigned place) {
  while (place < end_) {
    cursor->Refill();
    const std::uint32_t look = table_.LookSkip(*cursor);
    const unsigned passed = look >> 8;
    if (place + passed < end_) {
      cursor->Drop(look & 0xFF);
      place += passed;
      continue;
    }
    if (passed >= AcTable::kEnds && place + passed < AcTable::kEnds + end_) {
      cursor->Drop(look & 0xFF);
      return true;
    }
    const Symbol symbol = ReadSymbol(table_, cursor);
    if (!symbol.known) return false;
    if (symbol.size == kEnds) {
      EndBlocks(cursor, symbol.run);
      return true;
    }
    place += symbol.run + 1;
  }
  return place == end_;
}

bool LowAcScan::ReadBlock(BitCursor* cursor, std::int16_t* out) {
  unsigned place = first_;
  while (place <= kWanted && place < end_) {
    cursor->Refill();
    const Symbol symbol = ReadSymbol(table_, cursor);
    if (!symbol.known) return false;
    if (symbol.size == kEnds) {
      EndBlocks(cursor, symbol.run);
      return true;
    }
    place += symbol.run + 1;
    if (place - 1 <= kWanted && place <= end_)
      out[place - 2] = InTheMiddle(symbol.value);
  }
  return SkipRest(cursor, place);
}

bool LowAcScan::ReadRow(std::int16_t* out) {
  for (std::uint32_t i = 0; i < across_; ++i, out += kWanted) {
    if (!NextBlock()) return false;
    if (end_run_ > 0) {
      --end_run_;
      continue;
    }
    BitCursor cursor;
    if (!bytes_.Take(&cursor) || !ReadBlock(&cursor, out)) return false;
    bytes_.Return(cursor);
  }
  return true;
}

}  // namespace thumbmill
