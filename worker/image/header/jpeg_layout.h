// worker/image/header/jpeg_layout.h: reads the segments and the scans of a
// JPEG, before any library sees them.
//
// Errors   none: a fact that cannot be read stays at its default. Every read is
//          bounds-checked. The functions that the coordinator calls do bounded
//          work (walk_budget.h); the others take time linear in the bytes.
//          Fuzzed.
// Contract ITU-T T.81, annex B.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

struct JpegFrame {
  std::uint8_t marker = 0;  // SOF0..SOF15 as 0xC0..0xCF
  std::uint8_t bits = 0;
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::uint8_t components = 0;
  std::uint64_t samples = 0;  // in all components, subsampling counted

  [[nodiscard]] bool progressive() const { return (marker & 3) == 2; }
};

// The facts from the segments before the first scan.
struct JpegLayout {
  std::optional<JpegFrame> frame;
  ByteSpan exif;               // the TIFF structure of the first EXIF segment
  std::vector<ByteSpan> icc;   // pieces of the profile, in order
  bool icc_has_hole = false;   // some pieces are missing
  std::size_t first_scan = 0;  // offset of the SOS marker; 0: none
  std::uint8_t scan_components = 0;    // components in the first scan
  std::uint16_t restart_interval = 0;  // in MCUs; 0: none
  bool overlong = false;  // see walk_budget.h; the rest was not read
};

[[nodiscard]] JpegLayout WalkJpeg(ByteSpan bytes);

// The header of a scan and the place of its data. Source: T.81 B.2.3.
struct JpegScan {
  std::size_t data = 0;                  // offset of the entropy-coded bytes
  std::size_t data_end = 0;              // offset of the marker that ends them
  std::vector<std::uint8_t> components;  // identifiers of the components
  std::vector<std::uint8_t> tables;  // tables of each component: DC << 4 | AC
  // Huffman tables by number, as they are when this scan starts: 16 counts,
  // then the symbols. A table that was not defined since the first scan is
  // empty.
  std::array<ByteSpan, 4> dc_specs;
  std::array<ByteSpan, 4> ac_specs;
  std::uint8_t first = 0;  // Ss and Se: the coefficients, in zigzag order
  std::uint8_t last = 0;
  std::uint8_t high_bit = 0;           // Ah: 0 at the first visit
  std::uint8_t low_bit = 0;            // Al
  std::uint16_t restart_interval = 0;  // in MCUs; 0: none
};

struct JpegScans {
  std::vector<JpegScan> scans;
  bool ends = false;            // an EOI marker ends the file
  bool changes_steps = false;   // there are quantisation tables between scans
  bool has_line_count = false;  // a DNL marker gives the height
};

// Lists the scans from the first SOS marker on. Looks for markers only, decodes
// nothing. Stops after `limit` + 1 scans. `restart_interval` is the value from
// the segments before the first scan.
[[nodiscard]] JpegScans WalkJpegScans(ByteSpan bytes, std::size_t first_scan,
                                      std::uint16_t restart_interval,
                                      std::uint32_t limit);

[[nodiscard]] std::optional<Sniffed> SniffJpeg(ByteSpan bytes);
[[nodiscard]] ImageHeader PeekJpeg(ByteSpan bytes);

}  // namespace thumbmill
