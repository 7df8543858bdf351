// worker/image/codec/low_ac_scan.h: reads the lowest AC coefficients of one
// component of a progressive JPEG from a first scan over them (T.81 G.1.2.2).
//
// The idea: at a quarter of the size only three AC coefficients of a block are
// needed. The first scans over them bring all but the last bits. They are read
// in step with the DC scans, one row of blocks at a time; the many scans that
// refine them are not read at all. A value whose last bits are missing is set
// to the middle of the values that it may have.
//
// Errors   functions return false if anything in the scan is odd; the library
//          has to read the file then.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "worker/image/codec/jpeg_bits.h"
#include "worker/image/codec/jpeg_huffman.h"

namespace thumbmill {

struct FastJpegAcScan {
  std::size_t component = 0;
  ByteSpan data;  // from the end of the scan's header to the end of the file
  unsigned restart_interval = 0;  // in blocks; 0 if there is none
  unsigned first = 1;             // Ss
  unsigned last = 63;             // Se
  unsigned low_bit = 0;           // Al
  HuffmanSpec table;
};

// Can be moved, but not copied, like the EntropyBytes in it.
class LowAcScan {
 public:
  static constexpr unsigned kWanted = 4;  // keeps zigzag places 1 to 4

  // Returns empty if the scan's header or its table is not valid. `across` is
  // the number of blocks in a row.
  [[nodiscard]] static std::optional<LowAcScan> Make(const FastJpegAcScan& scan,
                                                     std::uint32_t across);
  // Reads the next row of blocks. `out` has kWanted values for each block, in
  // halves of a quantisation step. Values that the scan does not code stay as
  // they are, so the caller sets all to 0 first.
  [[nodiscard]] bool ReadRow(std::int16_t* out);
  [[nodiscard]] bool AtEnd() { return bytes_.AtEnd() && end_run_ == 0; }

 private:
  LowAcScan(const FastJpegAcScan& scan, std::uint32_t across,
            const HuffmanCodes& codes);
  [[nodiscard]] bool NextBlock();
  [[nodiscard]] bool ReadBlock(BitCursor* cursor, std::int16_t* out);
  [[nodiscard]] bool SkipRest(BitCursor* cursor, unsigned place);
  void EndBlocks(BitCursor* cursor, unsigned bits);
  [[nodiscard]] std::int16_t InTheMiddle(int value) const;

  EntropyBytes bytes_;
  AcTable table_;
  std::uint32_t across_;
  unsigned first_;
  unsigned end_;  // last + 1
  unsigned low_bit_;
  unsigned restart_interval_;
  unsigned left_;  // blocks before the next restart marker
  unsigned restarts_ = 0;
  std::uint32_t end_run_ = 0;  // next blocks for which the scan has no codes
};

}  // namespace thumbmill
