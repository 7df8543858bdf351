#include "worker/image/codec/fast_jpeg.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "worker/image/resample/inverse_dct.h"

// Reading codes consists mostly of shifts by variable numbers. BMI2 makes them
// cheaper; the results are the same.
#if defined(__x86_64__)
#define TM_HAS_BMI2 1
#else
#define TM_HAS_BMI2 0
#endif

namespace thumbmill {
namespace {

// T.81 figure A.6, as 8 * horizontal + vertical frequency (see inverse_dct.h).
constexpr std::array<std::uint8_t, 64> kZigzag = {
    0,  8,  1,  2,  9,  16, 24, 17, 10, 3,  4,  11, 18, 25, 32, 40,
    33, 26, 19, 12, 5,  6,  13, 20, 27, 34, 41, 48, 56, 49, 42, 35,
    28, 21, 14, 7,  15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30,
    23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63};

// [N]: the last place in zigzag order that holds one of the N x N lowest
// frequencies.
constexpr std::array<unsigned, 9> kLastNeeded = {0,  0,  4,  12, 24,
                                                 40, 59, 61, 63};

// Compiles the reading of a row of MCUs into one function, so that the cursor
// stays in registers.
#define TM_INLINE [[gnu::always_inline]] inline

constexpr unsigned kBlock = 64;
constexpr unsigned kZeroRun = 0xF0;
constexpr unsigned kMaxAcSize = 10;
// Bound of a DC coefficient before dequantisation, which keeps products within
// an int; 8-bit data stay within 2048.
constexpr int kMaxPrediction = 16383;

std::uint8_t ToSample(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// Remembers whether any coefficient was out of the range of 8-bit pictures.
// Add() has no branch; the reader calls ok() once for each row.
class RangeCheck {
 public:
  void Add(std::int32_t coef) {
    seen_ |= static_cast<std::uint32_t>(coef) + kRange;
  }
  [[nodiscard]] bool ok() const { return (seen_ & ~(2 * kRange - 1)) == 0; }

 private:
  static_assert(((kMaxDctInput + 1) & kMaxDctInput) == 0);
  static constexpr auto kRange = static_cast<std::uint32_t>(kMaxDctInput) + 1;
  std::uint32_t seen_ = 0;
};

// Returns the sample of a block with only a DC coefficient, which is its mean:
// T.81 A.3.3 with all other coefficients 0.
std::uint8_t MeanOf(int dc) { return ToSample(((dc + 4) >> 3) + 128); }

struct Component {
  unsigned across = 1;
  unsigned down = 1;
  unsigned eighths = 8;
  unsigned last_needed = 63;
  std::array<std::int32_t, 64> quant{};
  const DcTable* dc = nullptr;
  const AcTable* ac = nullptr;
  InverseDct inverse = nullptr;
  int prediction = 0;
  // Only for progressive pictures: the DC values of a row of MCUs, then the
  // lowest AC values of a row of blocks.
  std::vector<std::int16_t> row;
  std::vector<LowAcScan> ac_scans;
  std::vector<std::int16_t> ac_row;
  // Blocks of the component, without those that only pad the last MCUs.
  std::uint32_t blocks_across = 0;
  std::uint32_t blocks_down = 0;
  std::uint32_t ac_rows = 0;  // rows of blocks read so far from ac_scans
};

// Writes two by two samples from the DC coefficient and the lowest horizontal,
// vertical and diagonal ones. For N = 2 all factors of inverse_dct.h are 1/8,
// so sums are enough.
void WriteFour(int dc, int across, int down, int both, std::uint8_t* out,
               std::size_t stride) {
  out[0] = MeanOf(dc + across + down + both);
  out[1] = MeanOf(dc - across + down - both);
  out[stride] = MeanOf(dc + across - down - both);
  out[stride + 1] = MeanOf(dc - across - down + both);
}

// Finds one code without the lookup table. It takes bits instead of the cursor,
// because a pointer would force the cursor out of its registers.
struct LongSkip {
  unsigned bits = 0;  // 0 if the bits are no code or the value is too large
  unsigned passed = 0;
  bool ends = false;
};
[[gnu::noinline]] LongSkip FindLong(const AcTable& table,
                                    std::uint32_t bits16) {
  const auto code = table.codes().Find(bits16, 1);
  const unsigned run = code.symbol >> 4, size = code.symbol & 15;
  if (code.length == 0 || size > kMaxAcSize) return {};
  const bool ends = size == 0 && code.symbol != kZeroRun;
  return {code.length + size, ends ? 0 : run + 1, ends};
}

// Skips the coefficients from `place` to the end of the block. Returns false if
// the block does not end as it should. 26 bits must be known.
TM_INLINE bool SkipRest(const AcTable& table, BitCursor* cursor,
                        unsigned place) {
  while (place < kBlock) {
    std::uint32_t look = table.LookSkip(*cursor);
    unsigned passed = look >> 8;
    if (place + passed < kBlock) {
      cursor->Drop(look & 0xFF);
      place += passed;
      cursor->Refill();  // enough for two lookups
      look = table.LookSkip(*cursor);
      passed = look >> 8;
      if (place + passed < kBlock) {
        cursor->Drop(look & 0xFF);
        place += passed;
        continue;
      }
    }
    if (passed >= AcTable::kEnds && place + passed < AcTable::kEnds + kBlock) {
      cursor->Drop(look & 0xFF);
      return true;
    }
    // The lookup reaches beyond the end of the block, or its first code does
    // not fit: read one code.
    const LongSkip skip = FindLong(table, cursor->Peek(16));
    cursor->Drop(skip.bits);
    place += skip.passed;
    if (skip.bits == 0 || place > kBlock) return false;
    if (skip.ends) return true;
    cursor->Refill();
  }
  return true;
}

// Reads the coefficient of a kLarge or kLong entry. Returns false if the code
// or its value is not valid. Sets `run` to kBlock if the code ends the block.
TM_INLINE bool ReadLarge(const AcTable& table, const AcPairs::Entry& entry,
                         BitCursor* cursor, unsigned* run, int* value) {
  unsigned length = entry.bits;
  auto size = static_cast<unsigned>(entry.then_value);
  *run = entry.then_passed;
  if (entry.kind() == AcPairs::Kind::kLong) {
    const auto code = table.codes().Find(cursor->Peek(16), AcPairs::kBits + 1);
    if (code.length == 0) return false;
    length = code.length;
    *run = code.symbol >> 4;
    size = code.symbol & 15;
    if (size == 0 && code.symbol != kZeroRun) *run = kBlock;
  }
  if (size > kMaxAcSize) return false;
  cursor->Drop(length);
  *value = 0;
  if (size == 0) return true;
  *value = ExtendSign(cursor->Peek(size), size);
  cursor->Drop(size);
  return true;
}

class FastJpeg final : public RowSource {
 public:
  [[nodiscard]] bool Open(const FastJpegInput& picture,
                          const PictureShape& shape);

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int plane) const override {
    const Component& c = components_[static_cast<std::size_t>(plane)];
    return c.down * c.eighths;
  }
  // The inverse DCT writes rows of 8 samples, even if fewer count.
  [[nodiscard]] std::size_t RowBytes(int plane) const override {
    const Component& c = components_[static_cast<std::size_t>(plane)];
    return std::size_t{mcus_across_} * c.across * c.eighths + 8;
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override;

 private:
  struct Scan {
    EntropyBytes bytes;
    unsigned restart_interval;
    unsigned low_bit;
    bool refines;
    std::size_t component;
    std::vector<DcTable> tables;  // as FastJpegScan::tables
    unsigned left;                // MCUs before the next restart marker
    unsigned restarts = 0;
    std::uint32_t rows = 0;  // rows of blocks read so far

    [[nodiscard]] bool all() const { return component == FastJpegScan::kAll; }
  };
  // A block of an MCU and the place for its samples.
  struct Block {
    Component* component;
    std::uint8_t* out;
    std::size_t stride;
    std::size_t step;  // bytes to the same block of the next MCU
  };

  [[nodiscard]] bool MakeTables(const FastJpegInput& picture);
  void SetComponents(const FastJpegInput& picture);
  [[nodiscard]] bool NextMcu(Scan* scan);
  [[nodiscard]] bool ReadSequentialRow(const Rings& rings);
  void PlaceBlocks(const Rings& rings);
  [[nodiscard]] bool ReadMcusPortably();
#if TM_HAS_BMI2
  [[nodiscard, gnu::target("bmi,bmi2")]] bool ReadMcusByBmi2();
#endif
  [[nodiscard]] bool ReadMcus();
  [[nodiscard]] bool ReadBlock(Component* c, BitCursor* cursor,
                               RangeCheck* range, std::uint8_t* out,
                               std::size_t stride);
  [[nodiscard]] bool ReadDc(const DcTable& table, Component* c,
                            BitCursor* cursor);
  [[nodiscard]] bool ReadCoefficients(const Component& c, BitCursor* cursor,
                                      RangeCheck* range, bool* flat);
  [[nodiscard]] bool ReadDcValue(const DcTable& table, unsigned low_bit,
                                 Component* c, BitCursor* cursor,
                                 RangeCheck* range, std::int16_t* value);
  [[nodiscard]] bool BeginMcu(Scan* scan, BitCursor* cursor);
  [[nodiscard]] bool ReadDcMcus(Scan* scan);
  [[nodiscard]] bool ReadDcBlocks(Scan* scan);
  [[nodiscard]] bool ReadDcScans();
  [[nodiscard]] bool ReadDcScansPortably();
#if TM_HAS_BMI2
  [[nodiscard, gnu::target("bmi,bmi2")]] bool ReadDcScansByBmi2();
#endif
  [[nodiscard]] bool ReadProgressiveRow(const Rings& rings);
  [[nodiscard]] bool MakeAcScans(const FastJpegInput& picture);
  [[nodiscard]] bool ReadAcRow(Component* c);
  void WriteMeans(const Component& c, const RowRing& ring) const;
  [[nodiscard]] bool WriteFours(Component* c, const RowRing& ring);

  PictureShape shape_;
  std::uint32_t mcus_across_ = 0;
  std::uint32_t mcus_down_ = 0;
  std::uint32_t row_ = 0;  // rows of MCUs read so far
  bool progressive_ = false;
  std::vector<Component> components_;
  std::array<std::optional<DcTable>, 4> dc_;
  std::array<std::optional<AcTable>, 4> ac_;
  std::vector<Scan> scans_;
  std::vector<Block> blocks_;  // the blocks of an MCU in the file's order
  alignas(64) std::array<std::int16_t, kBlock> coefs_{};
  RangeCheck range_;  // only for progressive pictures
};

std::optional<DcTable> MakeDcTable(const std::optional<HuffmanSpec>& spec) {
  if (!spec) return std::nullopt;
  const auto codes = HuffmanCodes::Make(*spec, DcTable::kMaxSymbol);
  if (!codes) return std::nullopt;
  return DcTable(*codes);
}

// Makes the tables of a sequential picture. A progressive picture may define
// new tables before each scan, so its tables come with its scans.
bool FastJpeg::MakeTables(const FastJpegInput& picture) {
  if (picture.progressive) return true;
  for (const FastJpegComponent& c : picture.components) {
    if (c.dc_table > 3 || c.ac_table > 3) return false;
    auto& dc = dc_[c.dc_table];
    if (!dc) dc = MakeDcTable(picture.dc[c.dc_table]);
    auto& ac = ac_[c.ac_table];
    if (!dc || (!ac && !picture.ac[c.ac_table])) return false;
    if (ac) continue;
    const auto codes =
        HuffmanCodes::Make(*picture.ac[c.ac_table], AcTable::kMaxSymbol);
    if (!codes) return false;
    ac.emplace(*codes, false);
  }
  return true;
}

void FastJpeg::SetComponents(const FastJpegInput& picture) {
  unsigned most_across = 1, most_down = 1;
  for (const FastJpegComponent& c : picture.components) {
    most_across = std::max(most_across, c.across);
    most_down = std::max(most_down, c.down);
  }
  const std::uint32_t w = picture.width, h = picture.height;
  mcus_across_ = (w + 8 * most_across - 1) / (8 * most_across);
  mcus_down_ = (h + 8 * most_down - 1) / (8 * most_down);
  for (const FastJpegComponent& from : picture.components) {
    PlaneShape& plane = shape_.planes[components_.size()];
    Component& c = components_.emplace_back();
    c.across = from.across;
    c.down = from.down;
    c.eighths = from.eighths;
    c.last_needed = kLastNeeded[from.eighths];
    std::copy(from.quant.begin(), from.quant.end(), c.quant.begin());
    c.inverse = SimdInverseDcts().of_size[from.eighths];
    if (picture.progressive) {
      const std::size_t blocks = std::size_t{mcus_across_} * c.across;
      c.row.resize(blocks * c.down);
      if (c.eighths == 2) c.ac_row.resize(blocks * LowAcScan::kWanted);
    } else {
      c.dc = &*dc_[from.dc_table];
      c.ac = &*ac_[from.ac_table];
    }
    plane.extent_x = w * (c.eighths / 8.0) * c.across / most_across;
    plane.extent_y = h * (c.eighths / 8.0) * c.down / most_down;
    const auto rounded_up = [](std::uint64_t n, unsigned d) {
      return static_cast<std::uint32_t>((n + d - 1) / d);
    };
    plane.width =
        rounded_up(std::uint64_t{w} * c.eighths * c.across, 8 * most_across);
    plane.height =
        rounded_up(std::uint64_t{h} * c.eighths * c.down, 8 * most_down);
    blocks_.resize(blocks_.size() + std::size_t{c.across} * c.down);
    c.blocks_across = rounded_up(std::uint64_t{w} * c.across, 8 * most_across);
    c.blocks_down = rounded_up(std::uint64_t{h} * c.down, 8 * most_down);
    if (c.eighths == 8 && 2 * c.across == most_across)
      plane.fine_width = rounded_up(std::uint64_t{w} * c.eighths, 8);
    if (c.eighths == 8 && 2 * c.down == most_down)
      plane.fine_height = rounded_up(std::uint64_t{h} * c.eighths, 8);
  }
}

bool FastJpeg::MakeAcScans(const FastJpegInput& picture) {
  for (const FastJpegAcScan& from : picture.ac_scans) {
    Component& c = components_[from.component];
    auto scan = LowAcScan::Make(from, c.blocks_across);
    if (!scan) return false;
    c.ac_scans.push_back(std::move(*scan));
  }
  return true;
}

bool FastJpeg::Open(const FastJpegInput& picture, const PictureShape& shape) {
  shape_ = shape;
  shape_.plane_count = static_cast<int>(picture.components.size());
  progressive_ = picture.progressive;
  if (picture.scans.empty() || !MakeTables(picture)) return false;
  SetComponents(picture);
  for (const FastJpegScan& scan : picture.scans) {
    scans_.push_back({EntropyBytes(scan.data),
                      scan.restart_interval,
                      scan.low_bit,
                      scan.refines,
                      scan.component,
                      {},
                      scan.restart_interval});
    for (const HuffmanSpec& spec : scan.tables) {
      const auto table = MakeDcTable(spec);
      if (!table) return false;
      scans_.back().tables.push_back(*table);
    }
  }
  return MakeAcScans(picture);
}

// Begins an MCU. Steps over a restart marker if one is due; the DC predictions
// start at 0 after it.
bool FastJpeg::NextMcu(Scan* scan) {
  if (scan->restart_interval == 0) return true;
  if (scan->left == 0) {
    if (!scan->bytes.EndSegment(scan->restarts % 8)) return false;
    ++scan->restarts;
    scan->left = scan->restart_interval;
    for (std::size_t i = 0; i < components_.size(); ++i)
      if (!scan->refines && (scan->all() || scan->component == i))
        components_[i].prediction = 0;
  }
  --scan->left;
  return true;
}

TM_INLINE bool FastJpeg::ReadDc(const DcTable& table, Component* c,
                                BitCursor* cursor) {
  int difference;
  cursor->Refill();
  if (!table.Read(cursor, &difference)) return false;
  c->prediction += difference;
  return c->prediction >= -kMaxPrediction && c->prediction <= kMaxPrediction;
}

// Reads the AC coefficients of a block up to c.last_needed into coefs_ and
// skips the rest. Some frequencies beyond N x N come earlier in zigzag order;
// they are stored too, but the transform does not look at them. Sets `flat` if
// no coefficient was stored.
TM_INLINE bool FastJpeg::ReadCoefficients(const Component& c, BitCursor* cursor,
                                          RangeCheck* range, bool* flat) {
  const AcTable& table = *c.ac;
  const AcPairs& pairs = table.pairs();
  const unsigned behind = c.last_needed + 1;
  unsigned place = 1;  // place of the next coefficient
  const auto put = [&](unsigned at, int value) {
    const std::int32_t coef = value * c.quant[at];
    range->Add(coef);
    coefs_[kZigzag[at]] = static_cast<std::int16_t>(coef);
  };
  *flat = true;
  bool ends = false;
  while (place < behind) {  // 26 bits are known
    const AcPairs::Entry& entry = pairs.Look(*cursor);
    const unsigned first = place + entry.passed;
    const unsigned second = first + entry.then_passed;
    if (!entry.goes_on()) {
      if (entry.kind() != AcPairs::Kind::kEnds) {
        unsigned run;
        int value;
        if (!ReadLarge(table, entry, cursor, &run, &value)) return false;
        if (run == kBlock) {
          ends = true;
          break;
        }
        place += run + 1;
        cursor->Refill();
        if (place > behind) break;
        *flat = false;
        put(place - 1, value);
        continue;
      }
      if (entry.passed == 0) {
        cursor->Drop(entry.bits);
        ends = true;
        break;
      }
      // A block that fills its last place has no end code: the end belongs to
      // another block.
      ends = second < kBlock;
    }
    // The second coefficient is not needed, or is the last of a full block. Use
    // only the bits of the first here: SkipRest() reads those of the second.
    if (second > behind || (second == kBlock && !entry.goes_on())) {
      ends = false;
      place = first;
      cursor->Drop(entry.first_bits & 15);
      cursor->Refill();
      if (first > behind) break;
      *flat = false;
      put(first - 1, entry.value);
      if (second <= behind) put(second - 1, entry.then_value);
      break;
    }
    *flat = false;
    put(first - 1, entry.value);
    put(second - 1, entry.then_value);
    cursor->Drop(entry.bits);
    if (ends) break;
    place = second;
    cursor->Refill();
  }
  return ends || (place <= kBlock && SkipRest(table, cursor, place));
}

// Clears a block one register at a time. Compilers would make one `rep stos` of
// the whole, which takes longer to start than this function takes.
TM_INLINE void Clear(std::int16_t* coefs) {
  using Register [[gnu::vector_size(16)]] = std::int16_t;
  constexpr Register kZero{};
  for (unsigned i = 0; i < kBlock; i += 8) {
    std::memcpy(coefs + i, &kZero, sizeof kZero);
    asm volatile("" ::: "memory");
  }
}

TM_INLINE bool FastJpeg::ReadBlock(Component* c, BitCursor* cursor,
                                   RangeCheck* range, std::uint8_t* out,
                                   std::size_t stride) {
  if (!ReadDc(*c->dc, c, cursor)) return false;
  const int dc = c->prediction * c->quant[0];
  range->Add(dc);
  if (c->eighths == 1) {
    *out = MeanOf(dc);
    return SkipRest(*c->ac, cursor, 1);
  }
  bool flat;
  if (!ReadCoefficients(*c, cursor, range, &flat)) return false;
  const unsigned n = c->eighths;
  // A block without AC coefficients needs no transform.
  if (flat) {
    for (unsigned i = 0; i < n; ++i)
      std::memset(out + i * stride, MeanOf(dc), 8);
    return true;
  }
  coefs_[0] = static_cast<std::int16_t>(dc);
  if (n == 2) {
    WriteFour(dc, coefs_[8], coefs_[1], coefs_[9], out, stride);
  } else {
    c->inverse(coefs_.data(), out, stride);
  }
  // The next block writes only its own coefficients.
  Clear(coefs_.data());
  return true;
}

// Points blocks_ at the samples of the first MCU in the next row.
void FastJpeg::PlaceBlocks(const Rings& rings) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Component& c = components_[i];
    const std::size_t stride = rings[i]->stride();
    std::uint8_t* row = rings[i]->Row(rings[i]->end());
    for (unsigned y = 0; y < c.down; ++y, row += c.eighths * stride)
      for (unsigned x = 0; x < c.across; ++x)
        blocks_[next++] = {&c, row + std::size_t{x} * c.eighths, stride,
                           std::size_t{c.across} * c.eighths};
  }
}

TM_INLINE bool FastJpeg::ReadMcus() {
  Scan& scan = scans_[0];
  RangeCheck range;
  for (std::uint32_t mcu = 0; mcu < mcus_across_; ++mcu) {
    BitCursor cursor;
    if (scan.restart_interval != 0 && !NextMcu(&scan)) return false;
    if (!scan.bytes.Take(&cursor)) return false;
    // kReserve covers all blocks of an MCU, so none of them checks the window.
    for (Block& block : blocks_) {
      if (!ReadBlock(block.component, &cursor, &range, block.out, block.stride))
        return false;
      block.out += block.step;
    }
    scan.bytes.Return(cursor);
  }
  return range.ok();
}

// ReadMcus() is inlined into both functions, so each has its instruction set.
bool FastJpeg::ReadMcusPortably() { return ReadMcus(); }

#if TM_HAS_BMI2
bool FastJpeg::ReadMcusByBmi2() { return ReadMcus(); }
#endif

bool FastJpeg::ReadSequentialRow(const Rings& rings) {
  PlaceBlocks(rings);
#if TM_HAS_BMI2
  if (__builtin_cpu_supports("bmi2")) return ReadMcusByBmi2();
#endif
  return ReadMcusPortably();
}

// Reads the next DC value of a first scan.
TM_INLINE bool FastJpeg::ReadDcValue(const DcTable& table, unsigned low_bit,
                                     Component* c, BitCursor* cursor,
                                     RangeCheck* range, std::int16_t* value) {
  if (!ReadDc(table, c, cursor)) return false;
  // A prediction near kMaxPrediction, shifted by up to 13 bits and multiplied
  // by 16 bits of quant[], would not fit an int.
  const int dc = c->prediction * (1 << low_bit);
  if (dc < -kMaxPrediction || dc > kMaxPrediction) return false;
  range->Add(dc * c->quant[0]);
  *value = static_cast<std::int16_t>(dc);
  return true;
}

// Reads one more bit for each of `count` values, at most 56.
TM_INLINE void RefineDc(unsigned low_bit, unsigned count, BitCursor* cursor,
                        std::int16_t* values) {
  cursor->Refill();
  for (unsigned i = 0; i < count; ++i) {
    values[i] =
        static_cast<std::int16_t>(values[i] | cursor->Peek(1) << low_bit);
    cursor->Drop(1);
  }
}

// Call before each MCU of `scan`, from which `cursor` reads. Gives the cursor
// back only for a restart marker or to fill the window.
TM_INLINE bool FastJpeg::BeginMcu(Scan* scan, BitCursor* cursor) {
  if (scan->restart_interval == 0 && scan->bytes.HasMcu(*cursor)) return true;
  scan->bytes.Return(*cursor);
  return NextMcu(scan) && scan->bytes.Take(cursor);
}

// Reads a row of MCUs from a scan with all components.
TM_INLINE bool FastJpeg::ReadDcMcus(Scan* scan) {
  BitCursor cursor;
  if (!scan->bytes.Take(&cursor)) return false;
  for (std::uint32_t mcu = 0; mcu < mcus_across_; ++mcu) {
    if (!BeginMcu(scan, &cursor)) return false;
    const DcTable* table = scan->tables.data();
    for (Component& c : components_) {
      const unsigned blocks = c.across * c.down;
      std::int16_t* values = c.row.data() + std::size_t{mcu} * blocks;
      if (scan->refines) {
        RefineDc(scan->low_bit, blocks, &cursor, values);
        continue;
      }
      for (unsigned b = 0; b < blocks; ++b)
        if (!ReadDcValue(*table, scan->low_bit, &c, &cursor, &range_,
                         &values[b]))
          return false;
      ++table;
    }
  }
  scan->bytes.Return(cursor);
  return true;
}

// Reads the blocks of a row of MCUs from a scan with one component. Such a scan
// has no blocks that only pad the last MCUs, T.81 A.2.2.
TM_INLINE bool FastJpeg::ReadDcBlocks(Scan* scan) {
  Component& c = components_[scan->component];
  BitCursor cursor;
  if (!scan->bytes.Take(&cursor)) return false;
  for (unsigned y = 0; y < c.down && scan->rows < c.blocks_down; ++y) {
    ++scan->rows;
    std::int16_t* values = c.row.data() + std::size_t{y} * c.across;
    unsigned column = 0;  // of the MCU
    for (std::uint32_t x = 0; x < c.blocks_across; ++x) {
      if (!BeginMcu(scan, &cursor)) return false;
      if (scan->refines) {
        RefineDc(scan->low_bit, 1, &cursor, values + column);
      } else if (!ReadDcValue(scan->tables[0], scan->low_bit, &c, &cursor,
                              &range_, values + column)) {
        return false;
      }
      if (++column < c.across) continue;
      column = 0;
      values += std::size_t{c.across} * c.down;
    }
  }
  scan->bytes.Return(cursor);
  return true;
}

TM_INLINE bool FastJpeg::ReadDcScans() {
  for (Scan& scan : scans_)
    if (!(scan.all() ? ReadDcMcus(&scan) : ReadDcBlocks(&scan))) return false;
  return range_.ok();
}

// ReadDcScans() is inlined into both functions, like ReadMcus() above.
bool FastJpeg::ReadDcScansPortably() { return ReadDcScans(); }

#if TM_HAS_BMI2
bool FastJpeg::ReadDcScansByBmi2() { return ReadDcScans(); }
#endif

// Writes one sample for each block of a row of MCUs.
void FastJpeg::WriteMeans(const Component& c, const RowRing& ring) const {
  const std::size_t blocks = std::size_t{c.across} * c.down;
  const int quant = c.quant[0];
  for (unsigned y = 0; y < c.down; ++y) {
    const std::int16_t* dc = c.row.data() + std::size_t{y} * c.across;
    std::uint8_t* out = ring.Row(ring.end() + y);
    for (std::uint32_t mcu = 0; mcu < mcus_across_; ++mcu, dc += blocks)
      for (unsigned x = 0; x < c.across; ++x) *out++ = MeanOf(dc[x] * quant);
  }
}

// Reads the lowest AC values of the next row of blocks. Blocks that only pad
// the last MCUs are in no AC scan: their values stay 0.
bool FastJpeg::ReadAcRow(Component* c) {
  std::fill(c->ac_row.begin(), c->ac_row.end(), std::int16_t{0});
  if (c->ac_rows == c->blocks_down) return true;
  ++c->ac_rows;
  for (LowAcScan& scan : c->ac_scans)
    if (!scan.ReadRow(c->ac_row.data())) return false;
  return true;
}

// Writes two by two samples for each block of a row of MCUs.
bool FastJpeg::WriteFours(Component* c, const RowRing& ring) {
  for (unsigned y = 0; y < c->down; ++y) {
    if (!ReadAcRow(c)) return false;
    std::uint8_t* out = ring.Row(ring.end() + 2 * y);
    const std::int16_t* ac = c->ac_row.data();
    for (std::uint32_t block = 0; block < mcus_across_ * c->across; ++block) {
      const std::uint32_t mcu = block / c->across, x = block % c->across;
      const int dc = c->row[(mcu * c->down + y) * c->across + x] * c->quant[0];
      // ac[0], ac[1] and ac[3] are zigzag places 1, 2 and 4, in halves of a
      // quantisation step.
      const int across = ac[0] * c->quant[1] / 2;
      const int down = ac[1] * c->quant[2] / 2;
      const int both = ac[3] * c->quant[4] / 2;
      range_.Add(across);
      range_.Add(down);
      range_.Add(both);
      WriteFour(dc, across, down, both, out, ring.stride());
      out += 2;
      ac += LowAcScan::kWanted;
    }
  }
  return range_.ok();
}

bool FastJpeg::ReadProgressiveRow(const Rings& rings) {
#if TM_HAS_BMI2
  const bool read = __builtin_cpu_supports("bmi2") ? ReadDcScansByBmi2()
                                                   : ReadDcScansPortably();
#else
  const bool read = ReadDcScansPortably();
#endif
  if (!read) return false;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Component& c = components_[i];
    if (c.eighths == 1) {
      WriteMeans(c, *rings[i]);
    } else if (!WriteFours(&c, *rings[i])) {
      return false;
    }
  }
  return true;
}

ImageResult<void> FastJpeg::ReadBand(const Rings& rings) {
  const bool ok =
      row_ < mcus_down_ &&
      (progressive_ ? ReadProgressiveRow(rings) : ReadSequentialRow(rings));
  if (!ok) return Refuse(Reason::kCorrupt, "not a plain JPEG");
  ++row_;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    RowRing& ring = *rings[i];
    // Rows that only pad the last MCUs do not belong to the picture.
    ring.Append(std::min(BandRows(static_cast<int>(i)),
                         shape_.planes[i].height - ring.end()));
  }
  return {};
}

ImageResult<void> FastJpeg::Finish() {
  constexpr std::uint8_t kEndOfImage = 0xD9;
  bool ok = row_ == mcus_down_;
  for (Scan& scan : scans_) ok = ok && scan.bytes.AtEnd();
  for (Component& c : components_)
    for (LowAcScan& scan : c.ac_scans) ok = ok && scan.AtEnd();
  // Other scans may follow in a progressive file; AddDcScans() has made sure
  // that it has an end marker.
  if (ok && !progressive_) ok = scans_[0].bytes.rest()[1] == kEndOfImage;
  if (!ok) return Refuse(Reason::kCorrupt, "not a plain JPEG");
  return {};
}

}  // namespace

std::unique_ptr<RowSource> ReadFastJpeg(const FastJpegInput& picture,
                                        const PictureShape& shape) {
  auto reader = std::make_unique<FastJpeg>();
  if (!reader->Open(picture, shape)) return nullptr;
  return reader;
}

}  // namespace thumbmill
