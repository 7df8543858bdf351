// Reads a plain JPEG with a single scan.
#include <algorithm>
#include <cstring>
#include <utility>

#include "worker/image/codec/fast_jpeg_blocks.h"
#include "worker/image/codec/fast_jpeg_rows.h"

namespace thumbmill::fast_jpeg {
namespace {

struct Component {
  unsigned eighths = 8;
  unsigned last_needed = 63;
  std::array<std::int32_t, kBlock> quant{};
  const DcTable* dc = nullptr;
  const AcTable* ac = nullptr;
  InverseDct inverse = nullptr;
  int prediction = 0;
};

class Sequential final : public Rows {
 public:
  Sequential(const FastJpegInput& input, const PictureShape& shape)
      : Rows(input, shape),
        scan_{EntropyBytes(input.scans[0].data),
              input.scans[0].restart_interval,
              input.scans[0].restart_interval} {}

  [[nodiscard]] bool Open(const FastJpegInput& input);

 private:
  // A block of an MCU and the place for its samples.
  struct Block {
    Component* component;
    std::uint8_t* out;
    std::size_t stride;
    std::size_t step;  // bytes to the same block of the next MCU
  };

  [[nodiscard]] bool ReadMcuRow(const Rings& rings) override;
  [[nodiscard]] bool AtEnd() override;
  [[nodiscard]] bool MakeTables(const FastJpegInput& input);
  void PlaceBlocks(const Rings& rings);
  [[nodiscard, gnu::noinline]] bool NextMcu();
  [[nodiscard]] bool ReadMcusPortably();
#if TM_HAS_BMI2
  [[nodiscard, gnu::target("bmi,bmi2")]] bool ReadMcusByBmi2();
#endif
  [[nodiscard]] bool ReadMcus();
  [[nodiscard]] bool ReadBlock(Component* c, BitCursor* cursor,
                               RangeCheck* range, std::uint8_t* out,
                               std::size_t stride);
  [[nodiscard]] bool ReadCoefficients(const Component& c, BitCursor* cursor,
                                      RangeCheck* range, bool* flat);

  ScanBytes scan_;
  std::vector<Component> components_;
  std::array<std::optional<DcTable>, 4> dc_;
  std::array<std::optional<AcTable>, 4> ac_;
  std::vector<Block> blocks_;  // the blocks of an MCU in the file's order
  alignas(64) std::array<std::int16_t, kBlock> coefs_{};
};

bool Sequential::MakeTables(const FastJpegInput& input) {
  for (const FastJpegComponent& c : input.components) {
    if (c.dc_table > 3 || c.ac_table > 3) return false;
    auto& dc = dc_[c.dc_table];
    if (!dc) dc = MakeDcTable(input.dc[c.dc_table]);
    auto& ac = ac_[c.ac_table];
    if (!dc || (!ac && !input.ac[c.ac_table])) return false;
    if (ac) continue;
    const auto codes =
        HuffmanCodes::Make(*input.ac[c.ac_table], AcTable::kMaxSymbol);
    if (!codes) return false;
    ac.emplace(*codes, false);
  }
  return true;
}

bool Sequential::Open(const FastJpegInput& input) {
  if (!MakeTables(input)) return false;
  std::size_t blocks = 0;
  for (const FastJpegComponent& from : input.components) {
    Component& c = components_.emplace_back();
    c.eighths = from.eighths;
    c.last_needed = kLastNeeded[from.eighths];
    std::copy(from.quant.begin(), from.quant.end(), c.quant.begin());
    c.inverse = SimdInverseDcts().of_size[from.eighths];
    c.dc = &*dc_[from.dc_table];
    c.ac = &*ac_[from.ac_table];
    blocks += std::size_t{from.across} * from.down;
  }
  blocks_.resize(blocks);
  return true;
}

bool Sequential::NextMcu() {
  bool restarted;
  if (!scan_.NextMcu(&restarted)) return false;
  if (restarted)
    for (Component& c : components_) c.prediction = 0;
  return true;
}

// Reads the AC coefficients of a block up to c.last_needed into coefs_ and
// skips the rest. Some frequencies beyond N x N come earlier in zigzag order;
// they are stored too, but the transform does not look at them. Sets `flat` if
// no coefficient was stored.
TM_INLINE bool Sequential::ReadCoefficients(const Component& c,
                                            BitCursor* cursor,
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

TM_INLINE bool Sequential::ReadBlock(Component* c, BitCursor* cursor,
                                     RangeCheck* range, std::uint8_t* out,
                                     std::size_t stride) {
  if (!ReadDc(*c->dc, &c->prediction, cursor)) return false;
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
void Sequential::PlaceBlocks(const Rings& rings) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Component& c = components_[i];
    const Grid& place = grid(i);
    const std::size_t stride = rings[i]->stride();
    std::uint8_t* row = rings[i]->Row(rings[i]->end());
    for (unsigned y = 0; y < place.down; ++y, row += c.eighths * stride)
      for (unsigned x = 0; x < place.across; ++x)
        blocks_[next++] = {&c, row + std::size_t{x} * c.eighths, stride,
                           std::size_t{place.across} * c.eighths};
  }
}

TM_INLINE bool Sequential::ReadMcus() {
  RangeCheck range;
  for (std::uint32_t mcu = 0; mcu < mcus_across(); ++mcu) {
    BitCursor cursor;
    if (scan_.restart_interval != 0 && !NextMcu()) return false;
    if (!scan_.bytes.Take(&cursor)) return false;
    // kReserve covers all blocks of an MCU, so none of them checks the window.
    for (Block& block : blocks_) {
      if (!ReadBlock(block.component, &cursor, &range, block.out, block.stride))
        return false;
      block.out += block.step;
    }
    scan_.bytes.Return(cursor);
  }
  return range.ok();
}

// ReadMcus() is inlined into both functions, so each has its instruction set.
bool Sequential::ReadMcusPortably() { return ReadMcus(); }

#if TM_HAS_BMI2
bool Sequential::ReadMcusByBmi2() { return ReadMcus(); }
#endif

bool Sequential::ReadMcuRow(const Rings& rings) {
  PlaceBlocks(rings);
#if TM_HAS_BMI2
  if (__builtin_cpu_supports("bmi2")) return ReadMcusByBmi2();
#endif
  return ReadMcusPortably();
}

bool Sequential::AtEnd() {
  constexpr std::uint8_t kEndOfImage = 0xD9;
  return scan_.bytes.AtEnd() && scan_.bytes.rest()[1] == kEndOfImage;
}

}  // namespace

std::unique_ptr<RowSource> ReadSequential(const FastJpegInput& input,
                                          const PictureShape& shape) {
  auto reader = std::make_unique<Sequential>(input, shape);
  if (!reader->Open(input)) return nullptr;
  return reader;
}

}  // namespace thumbmill::fast_jpeg
