// Reads a progressive JPEG at 1/8 or 1/4 of its size: its DC scans in step with
// each other, and the first scans over the lowest AC coefficients.
#include <algorithm>
#include <utility>

#include "worker/image/codec/fast_jpeg_blocks.h"
#include "worker/image/codec/fast_jpeg_rows.h"
#include "worker/image/codec/low_ac_scan.h"

namespace thumbmill::fast_jpeg {
namespace {

struct Component {
  unsigned across = 1;
  unsigned down = 1;
  unsigned eighths = 1;
  std::array<std::int32_t, kBlock> quant{};
  int prediction = 0;
  // The DC values of a row of MCUs, then the lowest AC values of a row of
  // blocks.
  std::vector<std::int16_t> row;
  std::vector<LowAcScan> ac_scans;
  std::vector<std::int16_t> ac_row;
  // Blocks of the component, without those that only pad the last MCUs.
  std::uint32_t blocks_across = 0;
  std::uint32_t blocks_down = 0;
  std::uint32_t ac_rows = 0;  // rows of blocks read so far from ac_scans
};

class Progressive final : public Rows {
 public:
  using Rows::Rows;
  Progressive(const FastJpegInput& input, const PictureShape& shape)
      : Rows(input, shape) {}

  [[nodiscard]] bool Open(const FastJpegInput& input);

 private:
  struct Scan : ScanBytes {
    unsigned low_bit = 0;
    bool refines = false;
    std::size_t component = 0;
    std::vector<DcTable> tables;  // as FastJpegScan::tables
    std::uint32_t rows = 0;       // rows of blocks read so far

    [[nodiscard]] bool all() const { return component == FastJpegScan::kAll; }
  };

  [[nodiscard]] bool ReadMcuRow(const Rings& rings) override;
  [[nodiscard]] bool AtEnd() override;
  void MakeComponents(const FastJpegInput& input);
  [[nodiscard]] bool MakeAcScans(const FastJpegInput& input);
  [[nodiscard, gnu::noinline]] bool NextMcu(Scan* scan);
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
  [[nodiscard]] bool ReadAcRow(Component* c);
  void WriteMeans(const Component& c, const RowRing& ring) const;
  [[nodiscard]] bool WriteFours(Component* c, const RowRing& ring);

  std::vector<Component> components_;
  std::vector<Scan> scans_;
  RangeCheck range_;
};

void Progressive::MakeComponents(const FastJpegInput& input) {
  for (const FastJpegComponent& from : input.components) {
    const Grid& place = grid(components_.size());
    Component& c = components_.emplace_back();
    c.across = from.across;
    c.down = from.down;
    c.eighths = from.eighths;
    std::copy(from.quant.begin(), from.quant.end(), c.quant.begin());
    const std::size_t blocks = std::size_t{mcus_across()} * c.across;
    c.row.resize(blocks * c.down);
    if (c.eighths == 2) c.ac_row.resize(blocks * LowAcScan::kWanted);
    c.blocks_across = place.blocks_across;
    c.blocks_down = place.blocks_down;
  }
}

bool Progressive::MakeAcScans(const FastJpegInput& input) {
  for (const FastJpegAcScan& from : input.ac_scans) {
    Component& c = components_[from.component];
    auto scan = LowAcScan::Make(from, c.blocks_across);
    if (!scan) return false;
    c.ac_scans.push_back(std::move(*scan));
  }
  return true;
}

bool Progressive::Open(const FastJpegInput& input) {
  MakeComponents(input);
  for (const FastJpegScan& from : input.scans) {
    Scan& scan = scans_.emplace_back(Scan{
        {EntropyBytes(from.data), from.restart_interval, from.restart_interval},
        from.low_bit,
        from.refines,
        from.component,
        {}});
    for (const HuffmanSpec& spec : from.tables) {
      const auto table = MakeDcTable(spec);
      if (!table) return false;
      scan.tables.push_back(*table);
    }
  }
  return MakeAcScans(input);
}

bool Progressive::NextMcu(Scan* scan) {
  bool restarted;
  if (!scan->NextMcu(&restarted)) return false;
  if (!restarted || scan->refines) return true;
  for (std::size_t i = 0; i < components_.size(); ++i)
    if (scan->all() || scan->component == i) components_[i].prediction = 0;
  return true;
}

// Reads the next DC value of a first scan.
TM_INLINE bool Progressive::ReadDcValue(const DcTable& table, unsigned low_bit,
                                        Component* c, BitCursor* cursor,
                                        RangeCheck* range,
                                        std::int16_t* value) {
  if (!ReadDc(table, &c->prediction, cursor)) return false;
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
TM_INLINE bool Progressive::BeginMcu(Scan* scan, BitCursor* cursor) {
  if (scan->restart_interval == 0 && scan->bytes.HasMcu(*cursor)) return true;
  scan->bytes.Return(*cursor);
  return NextMcu(scan) && scan->bytes.Take(cursor);
}

// Reads a row of MCUs from a scan with all components.
TM_INLINE bool Progressive::ReadDcMcus(Scan* scan) {
  BitCursor cursor;
  if (!scan->bytes.Take(&cursor)) return false;
  for (std::uint32_t mcu = 0; mcu < mcus_across(); ++mcu) {
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
TM_INLINE bool Progressive::ReadDcBlocks(Scan* scan) {
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

TM_INLINE bool Progressive::ReadDcScans() {
  for (Scan& scan : scans_)
    if (!(scan.all() ? ReadDcMcus(&scan) : ReadDcBlocks(&scan))) return false;
  return range_.ok();
}

// ReadDcScans() is inlined into both functions.
bool Progressive::ReadDcScansPortably() { return ReadDcScans(); }

#if TM_HAS_BMI2
bool Progressive::ReadDcScansByBmi2() { return ReadDcScans(); }
#endif

// Writes one sample for each block of a row of MCUs.
void Progressive::WriteMeans(const Component& c, const RowRing& ring) const {
  const std::size_t blocks = std::size_t{c.across} * c.down;
  const int quant = c.quant[0];
  for (unsigned y = 0; y < c.down; ++y) {
    const std::int16_t* dc = c.row.data() + std::size_t{y} * c.across;
    std::uint8_t* out = ring.Row(ring.end() + y);
    for (std::uint32_t mcu = 0; mcu < mcus_across(); ++mcu, dc += blocks)
      for (unsigned x = 0; x < c.across; ++x) *out++ = MeanOf(dc[x] * quant);
  }
}

// Reads the lowest AC values of the next row of blocks. Blocks that only pad
// the last MCUs are in no AC scan: their values stay 0.
bool Progressive::ReadAcRow(Component* c) {
  std::fill(c->ac_row.begin(), c->ac_row.end(), std::int16_t{0});
  if (c->ac_rows == c->blocks_down) return true;
  ++c->ac_rows;
  for (LowAcScan& scan : c->ac_scans)
    if (!scan.ReadRow(c->ac_row.data())) return false;
  return true;
}

// Writes two by two samples for each block of a row of MCUs.
bool Progressive::WriteFours(Component* c, const RowRing& ring) {
  for (unsigned y = 0; y < c->down; ++y) {
    if (!ReadAcRow(c)) return false;
    std::uint8_t* out = ring.Row(ring.end() + 2 * y);
    const std::int16_t* ac = c->ac_row.data();
    for (std::uint32_t block = 0; block < mcus_across() * c->across; ++block) {
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

bool Progressive::ReadMcuRow(const Rings& rings) {
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

// Other scans may follow; the description has made sure that the file has an
// end marker.
bool Progressive::AtEnd() {
  for (Scan& scan : scans_)
    if (!scan.bytes.AtEnd()) return false;
  for (Component& c : components_)
    for (LowAcScan& scan : c.ac_scans)
      if (!scan.AtEnd()) return false;
  return true;
}

}  // namespace

std::unique_ptr<RowSource> ReadProgressive(const FastJpegInput& input,
                                           const PictureShape& shape) {
  auto reader = std::make_unique<Progressive>(input, shape);
  if (!reader->Open(input)) return nullptr;
  return reader;
}

}  // namespace thumbmill::fast_jpeg
