// worker/image/header/inspect.h: what the bytes of a file say before any
// library sees them: format, size, and where the segments lie that we read
// ourselves.
//
// Errors   none: what is not there is absent. Every read is bounds-checked;
//          the work of what the coordinator calls is bounded (walk_budget.h),
//          else linear in the bytes looked at. Fuzzed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "proto/reason.h"
#include "proto/recipe.h"

namespace thumbmill {

struct Sniffed {
  ImageFormat format = ImageFormat::kUnknown;
  Reason reason = Reason::kNone;  // kNone: worth opening
  std::string_view message;
};

// Decides by the first bytes alone, never by a name.
[[nodiscard]] Sniffed Sniff(ByteSpan bytes);

struct JpegFrame {
  std::uint8_t marker = 0;  // SOF0..SOF15 as 0xC0..0xCF
  std::uint8_t bits = 0;
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::uint8_t components = 0;
  std::uint64_t samples = 0;  // of all components, subsampling counted

  [[nodiscard]] bool progressive() const { return (marker & 3) == 2; }
};

// What stands before the first scan.
struct JpegLayout {
  std::optional<JpegFrame> frame;
  ByteSpan exif;               // the TIFF structure of the first EXIF segment
  std::vector<ByteSpan> icc;   // pieces of the profile in their order
  bool icc_has_hole = false;   // some came, but not all
  std::size_t first_scan = 0;  // offset of the SOS marker; 0: none
  std::uint8_t scan_components = 0;    // of the first scan
  std::uint16_t restart_interval = 0;  // in MCUs; 0: none
  bool overlong = false;  // see walk_budget.h: the rest was not read
};

[[nodiscard]] JpegLayout WalkJpeg(ByteSpan bytes);

// The header of a scan, T.81 B.2.3.
struct JpegScan {
  std::size_t data = 0;      // offset of the entropy-coded bytes behind it
  std::size_t data_end = 0;  // and of the marker that ends them
  std::vector<std::uint8_t> components;  // their identifiers
  std::vector<std::uint8_t> tables;      // that they use: DC << 4 | AC
  // Tables by number as of this scan, from the counts on; empty: not defined
  // between the first scan and this one.
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
  bool ends = false;            // by an EOI
  bool changes_steps = false;   // quantisation tables stand between them
  bool has_line_count = false;  // a DNL: the height stands after the first scan
};

// From the first SOS marker on, by looking for markers only. Stops behind
// `limit` + 1 scans. `restart_interval`: what was said before.
[[nodiscard]] JpegScans WalkJpegScans(ByteSpan bytes, std::size_t first_scan,
                                      std::uint16_t restart_interval,
                                      std::uint32_t limit);

struct PngHeader {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint8_t bits = 0;
  std::uint8_t colour_type = 0;
  bool interlaced = false;

  // As stored: a palette's index is one channel.
  [[nodiscard]] std::uint8_t channels() const;
};

// Empty: no IHDR of a legal PNG.
[[nodiscard]] std::optional<PngHeader> ReadPngHeader(ByteSpan bytes);

struct PngLayout {
  std::size_t data_end = 0;  // behind the last IDAT that is whole
  ByteSpan exif;             // of the first eXIf, wherever it stands
  ByteSpan icc;              // of the first iCCP: a name, the profile deflated
  bool ends = false;         // an IEND stands where the chunks lead to
  bool overlong = false;     // see walk_budget.h: the rest was not read
};

// Steps from chunk to chunk; checks no CRC. `head_only`: up to the first IDAT,
// before which a profile stands, and EXIF mostly.
[[nodiscard]] PngLayout WalkPng(ByteSpan bytes, bool head_only = false);

}  // namespace thumbmill
