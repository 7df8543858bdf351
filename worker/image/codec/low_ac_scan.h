// worker/image/codec/low_ac_scan.h: the lowest AC coefficients of one component
// of a progressive JPEG, from a first scan over them (T.81 G.1.2.2).
//
// The idea: at a quarter of the size three AC coefficients of a block count.
// The scans that bring them first hold all but their last bits, and are read in
// step with the DC scans, a row of blocks at a time; the many scans that refine
// them are not read at all. A value stands for those that it may still become:
// it is taken in their middle.
//
// Errors   false: not as it should be; the library has to read it.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "worker/image/codec/jpeg_bits.h"
#include "worker/image/codec/jpeg_huffman.h"

namespace thumbmill {

struct PlainAcScan {
  std::size_t component = 0;
  ByteSpan data;  // from behind its header to the end of the file
  unsigned restart_interval = 0;  // in blocks; 0: none
  unsigned first = 1;             // Ss and Se
  unsigned last = 63;
  unsigned low_bit = 0;  // Al
  HuffmanSpec table;
};

// Moves, and is never copied, as the bytes that it reads.
class LowAcScan {
 public:
  static constexpr unsigned kWanted = 4;  // zigzag places 1 to 4 are kept

  [[nodiscard]] static std::optional<LowAcScan> Make(const PlainAcScan& scan,
                                                     std::uint32_t across);
  // The next row of `across` blocks. `out` has kWanted places for each; those
  // that the scan brings are written, in halves of a quantisation step.
  [[nodiscard]] bool ReadRow(std::int16_t* out);
  [[nodiscard]] bool AtEnd() { return bytes_.AtEnd() && end_run_ == 0; }

 private:
  LowAcScan(const PlainAcScan& scan, std::uint32_t across,
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
  unsigned end_;  // behind the last
  unsigned low_bit_;
  unsigned restart_interval_;
  unsigned left_;  // blocks to the next restart marker
  unsigned restarts_ = 0;
  std::uint32_t end_run_ = 0;  // blocks to come of which nothing is said
};

}  // namespace thumbmill
