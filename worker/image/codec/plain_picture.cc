#include "worker/image/codec/plain_picture.h"

#include <cstdio>
// jpeglib.h needs stdio before it.
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

// The point transform of T.81 G.1.2.1 leaves at least this many bits.
constexpr unsigned kMaxLowBit = 13;

// The least that leaves kGap for the filter.
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

// The library keeps the steps in natural order.
std::array<std::uint16_t, 64> ZigzagSteps(const JQUANT_TBL& table) {
  std::array<std::uint16_t, 64> steps{};
  for (std::size_t k = 0; k < steps.size(); ++k)
    steps[k] = table.quantval[kNaturalOrder[k]];
  return steps;
}

bool AddComponents(const jpeg_decompress_struct& jpeg, const DecodeHint& hint,
                   PlainPicture* picture) {
  const bool whole =
      jpeg.Ss == 0 && jpeg.Se == 63 && jpeg.Ah == 0 && jpeg.Al == 0;
  const bool usual = jpeg.data_precision == 8 && jpeg.arith_code == 0 &&
                     jpeg.comps_in_scan == jpeg.num_components &&
                     (whole || picture->progressive);
  if (!usual) return false;
  unsigned blocks = 0;
  for (int i = 0; i < jpeg.num_components; ++i) {
    const jpeg_component_info& c = jpeg.comp_info[i];
    const JQUANT_TBL* steps =
        c.quant_tbl_no >= 0 && c.quant_tbl_no < NUM_QUANT_TBLS
            ? jpeg.quant_tbl_ptrs[c.quant_tbl_no]
            : nullptr;
    if (jpeg.cur_comp_info[i] != &c || steps == nullptr) return false;
    PlainComponent& plain = picture->components.emplace_back();
    // A scan of one component goes block by block, T.81 A.2.2.
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
    if (picture->progressive && plain.eighths != 1) return false;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    picture->dc[i] = SpecOf(jpeg.dc_huff_tbl_ptrs[i]);
    picture->ac[i] = SpecOf(jpeg.ac_huff_tbl_ptrs[i]);
  }
  return blocks <= D_MAX_BLOCKS_IN_MCU;
}

// All components, in the order of the frame, and nothing but DC.
bool IsDcScan(const jpeg_decompress_struct& jpeg, const JpegScan& scan) {
  if (scan.last != 0 ||
      scan.components.size() != static_cast<std::size_t>(jpeg.num_components))
    return false;
  for (int i = 0; i < jpeg.num_components; ++i)
    if (scan.components[static_cast<std::size_t>(i)] !=
        jpeg.comp_info[i].component_id)
      return false;
  return true;
}

// From coarse to exact, a bit at a time, T.81 G.1.1.1.
bool AddDcScans(const jpeg_decompress_struct& jpeg, ByteSpan bytes,
                const JpegScans& scans, PlainPicture* picture) {
  if (!scans.ends) return false;
  unsigned low_bit = 16;
  for (const JpegScan& scan : scans.scans) {
    if (scan.first != 0) continue;
    const bool first = picture->scans.empty();
    const bool next =
        first ? scan.high_bit == 0
              : scan.high_bit == low_bit && scan.low_bit + 1u == low_bit;
    if (!next || !IsDcScan(jpeg, scan)) return false;
    low_bit = scan.low_bit;
    if (low_bit > kMaxLowBit) return false;
    picture->scans.push_back(
        {bytes.subspan(scan.data), scan.restart_interval, low_bit});
  }
  return low_bit == 0;
}

}  // namespace

unsigned JpegEighths(std::uint32_t width, std::uint32_t height,
                     const DecodeHint& hint) {
  const unsigned least = LeastEighths(width, height, hint, 1);
  return std::bit_ceil(least);
}

std::optional<PlainPicture> DescribePlain(const jpeg_decompress_struct& jpeg,
                                          ByteSpan bytes, ByteSpan data,
                                          const JpegScans& scans,
                                          const DecodeHint& hint) {
  PlainPicture picture;
  picture.width = jpeg.image_width;
  picture.height = jpeg.image_height;
  picture.progressive = jpeg.progressive_mode != 0;
  if (!AddComponents(jpeg, hint, &picture)) return std::nullopt;
  if (!picture.progressive) {
    picture.scans.push_back({data, jpeg.restart_interval, 0});
    return picture;
  }
  if (!AddDcScans(jpeg, bytes, scans, &picture)) return std::nullopt;
  return picture;
}

}  // namespace thumbmill
