#include "worker/image/codec/fast_jpeg_input.h"

#include <cstdio>
// jpeglib.h needs stdio before it.
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>

#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

// The largest Al, T.81 table B.3.
constexpr unsigned kMaxLowBit = 13;

// Returns the smallest N from 1 to 8 for which a plane of `width` x `height`,
// reduced to N/8, has kGap samples for each sample of the thumbnail. `share` is
// 0.5 if the thumbnail has this plane at half its size, else 1.
unsigned LeastEighths(double width, double height, const DecodeHint& hint,
                      double share) {
  if (hint.exact) return 8;
  unsigned eighths = 1;
  for (; eighths < 8; ++eighths) {
    const double scale = eighths / 8.0;
    if (width * scale >= kGap * hint.width * share &&
        height * scale >= kGap * hint.height * share)
      break;
  }
  return eighths;
}

// T.81 figure A.6: row * 8 + column.
constexpr std::array<std::uint8_t, 64> kNaturalOrder = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

std::optional<HuffmanSpec> SpecOf(const JHUFF_TBL* table) {
  if (table == nullptr) return std::nullopt;
  HuffmanSpec spec;
  std::copy(std::begin(table->bits), std::end(table->bits),
            spec.counts.begin());
  std::copy(std::begin(table->huffval), std::end(table->huffval),
            spec.symbols.begin());
  return spec;
}

// Returns the quantisation steps in zigzag order; the library keeps them in
// natural order.
std::array<std::uint16_t, 64> ZigzagSteps(const JQUANT_TBL& table) {
  std::array<std::uint16_t, 64> steps{};
  for (std::size_t k = 0; k < steps.size(); ++k)
    steps[k] = table.quantval[kNaturalOrder[k]];
  return steps;
}

bool AddComponents(const jpeg_decompress_struct& jpeg, const DecodeHint& hint,
                   FastJpegInput* picture) {
  const bool whole =
      jpeg.Ss == 0 && jpeg.Se == 63 && jpeg.Ah == 0 && jpeg.Al == 0;
  const bool usual = jpeg.data_precision == 8 && jpeg.arith_code == 0 &&
                     (picture->progressive ||
                      (whole && jpeg.comps_in_scan == jpeg.num_components));
  if (!usual) return false;
  unsigned blocks = 0;
  for (int i = 0; i < jpeg.num_components; ++i) {
    const jpeg_component_info& c = jpeg.comp_info[i];
    const JQUANT_TBL* steps =
        c.quant_tbl_no >= 0 && c.quant_tbl_no < NUM_QUANT_TBLS
            ? jpeg.quant_tbl_ptrs[c.quant_tbl_no]
            : nullptr;
    // Our reader takes the components of an MCU in the order of the frame.
    const bool in_order = jpeg.cur_comp_info[i] == &c;
    if (steps == nullptr || !(picture->progressive || in_order)) return false;
    FastJpegComponent& plain = picture->components.emplace_back();
    // An MCU of a single component is one block, whatever the sampling factors
    // are, T.81 A.2.2.
    const bool alone = jpeg.num_components == 1;
    plain.across = alone ? 1 : static_cast<unsigned>(c.h_samp_factor);
    plain.down = alone ? 1 : static_cast<unsigned>(c.v_samp_factor);
    blocks += plain.across * plain.down;
    plain.quant = ZigzagSteps(*steps);
    plain.dc_table = static_cast<unsigned>(c.dc_tbl_no);
    plain.ac_table = static_cast<unsigned>(c.ac_tbl_no);
    const bool chroma = i > 0 && hint.halved_chroma;
    plain.eighths = LeastEighths(
        picture->width *
            (alone ? 1.0 : c.h_samp_factor * 1.0 / jpeg.max_h_samp_factor),
        picture->height *
            (alone ? 1.0 : c.v_samp_factor * 1.0 / jpeg.max_v_samp_factor),
        hint, chroma ? 0.5 : 1);
    // Our reader has no AC coefficients for larger planes: see low_ac_scan.h.
    if (picture->progressive && plain.eighths > 2) return false;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    picture->dc[i] = SpecOf(jpeg.dc_huff_tbl_ptrs[i]);
    picture->ac[i] = SpecOf(jpeg.ac_huff_tbl_ptrs[i]);
  }
  // EntropyBytes::kReserve covers no more blocks.
  return blocks <= D_MAX_BLOCKS_IN_MCU;
}

// Returns the table with this number that a scan uses: the latest one that was
// defined between the scans, or one from `before` the first scan, which the
// library has read.
std::optional<HuffmanSpec> TableOf(std::size_t number,
                                   const std::array<ByteSpan, 4>& specs,
                                   JHUFF_TBL* const* before) {
  if (number >= specs.size()) return std::nullopt;
  const ByteSpan bytes = specs[number];
  if (bytes.empty()) return SpecOf(before[number]);
  HuffmanSpec spec;
  std::copy_n(bytes.begin(), 16, spec.counts.begin() + 1);
  const std::size_t symbols = std::min(bytes.size() - 16, spec.symbols.size());
  std::copy_n(bytes.begin() + 16, symbols, spec.symbols.begin());
  return spec;
}

// Returns the component of a DC scan, or kAll if the scan has all components in
// the order of the frame. Returns empty for any other scan.
std::optional<std::size_t> ComponentOf(const jpeg_decompress_struct& jpeg,
                                       const JpegScan& scan) {
  const auto count = static_cast<std::size_t>(jpeg.num_components);
  if (scan.last != 0) return std::nullopt;
  const auto is = [&](std::size_t i, std::uint8_t id) {
    return jpeg.comp_info[i].component_id == id;
  };
  if (scan.components.size() == count) {
    for (std::size_t i = 0; i < count; ++i)
      if (!is(i, scan.components[i])) return std::nullopt;
    return FastJpegScan::kAll;
  }
  if (scan.components.size() != 1) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i)
    if (is(i, scan.components[0])) return i;
  return std::nullopt;
}

// Adds the DC scans. Returns false unless they bring each component from coarse
// to exact, one bit at a time, T.81 G.1.1.1.
bool AddDcScans(const jpeg_decompress_struct& jpeg, ByteSpan bytes,
                const JpegScans& scans, FastJpegInput* picture) {
  // Our reader uses the quantisation tables from before the first scan for all
  // scans.
  if (!scans.ends || scans.changes_steps) return false;
  constexpr unsigned kNone = 16;
  std::vector<unsigned> low_bits(picture->components.size(), kNone);
  for (const JpegScan& scan : scans.scans) {
    if (scan.first != 0) continue;
    const auto component = ComponentOf(jpeg, scan);
    if (!component || scan.low_bit > kMaxLowBit) return false;
    for (std::size_t i = 0; i < low_bits.size(); ++i) {
      if (*component != FastJpegScan::kAll && *component != i) continue;
      const bool next = low_bits[i] == kNone
                            ? scan.high_bit == 0
                            : scan.high_bit == low_bits[i] &&
                                  scan.low_bit + 1u == low_bits[i];
      if (!next) return false;
      low_bits[i] = scan.low_bit;
    }
    FastJpegScan& plain = picture->scans.emplace_back();
    plain.data = bytes.subspan(scan.data);
    plain.restart_interval = scan.restart_interval;
    plain.low_bit = scan.low_bit;
    plain.refines = scan.high_bit != 0;
    plain.component = *component;
    for (const std::uint8_t tables : scan.tables) {
      if (plain.refines) break;
      const auto table =
          TableOf(tables >> 4, scan.dc_specs, jpeg.dc_huff_tbl_ptrs);
      if (!table) return false;
      plain.tables.push_back(*table);
    }
  }
  return std::all_of(low_bits.begin(), low_bits.end(),
                     [](unsigned bit) { return bit == 0; });
}

// Adds the first scans over the AC coefficients that two by two samples need.
// Returns false if the scans do not bring them exactly enough.
bool AddAcScans(const jpeg_decompress_struct& jpeg, ByteSpan bytes,
                const JpegScans& scans, std::size_t component,
                FastJpegInput* picture) {
  const auto& quant = picture->components[component].quant;
  std::array<bool, LowAcScan::kWanted + 1> brought{};
  double square = 0;
  for (const JpegScan& scan : scans.scans) {
    if (scan.first == 0 || scan.first > LowAcScan::kWanted ||
        scan.components.size() != 1 ||
        scan.components[0] != jpeg.comp_info[component].component_id)
      continue;
    // LowAcScan replaces the bits of refinement scans by their middle.
    if (scan.high_bit != 0) continue;
    const auto table =
        TableOf(scan.tables[0] & 15, scan.ac_specs, jpeg.ac_huff_tbl_ptrs);
    if (!table || scan.low_bit > kMaxLowBit) return false;
    for (unsigned k = scan.first; k <= LowAcScan::kWanted && k <= scan.last;
         ++k) {
      if (brought[k]) return false;
      brought[k] = true;
      // Place 3 is vertical frequency 2, which two by two samples do not have.
      if (k == 3 || scan.low_bit == 0) continue;
      const double range = quant[k] * static_cast<double>(1 << scan.low_bit);
      square += range * range / 12;
    }
    picture->ac_scans.push_back({component, bytes.subspan(scan.data),
                                 scan.restart_interval, scan.first, scan.last,
                                 scan.low_bit, *table});
  }
  // The root mean square error of the coefficients, an eighth of which reaches
  // each sample (T.81 A.3.3). The filter averages at least kGap x kGap samples,
  // which divides it by kGap. It must stay below one level.
  return brought[1] && brought[2] && brought[4] &&
         std::sqrt(square) / 8 / kGap < 1;
}

}  // namespace

unsigned JpegEighths(std::uint32_t width, std::uint32_t height,
                     const DecodeHint& hint) {
  const unsigned least = LeastEighths(width, height, hint, 1);
  return std::bit_ceil(least);
}

std::optional<FastJpegInput> DescribeFastJpeg(
    const jpeg_decompress_struct& jpeg, ByteSpan bytes, ByteSpan data,
    const JpegScans& scans, const DecodeHint& hint) {
  FastJpegInput picture;
  picture.width = jpeg.image_width;
  picture.height = jpeg.image_height;
  picture.progressive = jpeg.progressive_mode != 0;
  if (!AddComponents(jpeg, hint, &picture)) return std::nullopt;
  if (!picture.progressive) {
    FastJpegScan& scan = picture.scans.emplace_back();
    scan.data = data;
    scan.restart_interval = jpeg.restart_interval;
    return picture;
  }
  if (!AddDcScans(jpeg, bytes, scans, &picture)) return std::nullopt;
  for (std::size_t i = 0; i < picture.components.size(); ++i)
    if (picture.components[i].eighths == 2 &&
        !AddAcScans(jpeg, bytes, scans, i, &picture))
      return std::nullopt;
  return picture;
}

}  // namespace thumbmill
