// worker/image/codec/fast_jpeg.h: our own reader for plain JPEGs, several
// times faster than a general one when the thumbnail is small.
//
// The idea: at N/8 of the size only the N x N lowest frequencies of a block are
// needed. The reader skips the others, several codes at a time, without
// decoding their values. Each plane has the N that the thumbnails need: if they
// halve chroma, the chroma of a 4:4:4 file gets about half the N of luma.
//
// In a progressive file at 1/8 the reader reads only the DC scans, in step with
// each other, one row of MCUs at a time. This is exact, and no coefficients are
// kept. At 1/4 it also reads the first scans over the lowest AC coefficients
// (low_ac_scan.h), if the bits that later scans add cannot be seen.
//
// Plain    Huffman-coded 8-bit JPEGs: sequential ones with a single scan, or
//          progressive ones whose DC scans have one or all components. The file
//          is complete, and the parts that are read have no fault. The reader
//          gives up at any row if anything is odd. The caller then starts again
//          with libjpeg-turbo, which judges the damage and saves the samples
//          that it can.
// Runs in  the calling thread. Allocates tables and a window of the bytes, a
//          few hundred kilobytes at most.
// Source   ITU-T T.81, annexes A, B, F and G.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "worker/image/codec/jpeg_huffman.h"
#include "worker/image/codec/low_ac_scan.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

struct FastJpegComponent {
  unsigned across = 1;   // blocks in an MCU, side by side
  unsigned down = 1;     // blocks in an MCU, one above the other
  unsigned eighths = 8;  // N: side of a block in samples
  std::array<std::uint16_t, 64> quant{};  // in zigzag order
  unsigned dc_table = 0;
  unsigned ac_table = 0;
};

struct FastJpegScan {
  ByteSpan data;  // from the end of the scan's header to the end of the file
  unsigned restart_interval = 0;  // in MCUs; 0 if there is none
  // Only for progressive pictures: Al, and whether the scan brings only the bit
  // at that position.
  unsigned low_bit = 0;
  bool refines = false;
  // DC table for each component of a progressive scan that does not refine.
  std::vector<HuffmanSpec> tables;
  // Index of the scan's component, or kAll if the scan interleaves all of them.
  std::size_t component = kAll;
  static constexpr std::size_t kAll = SIZE_MAX;
};

struct FastJpegInput {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<FastJpegComponent> components;
  std::array<std::optional<HuffmanSpec>, 4> dc;
  std::array<std::optional<HuffmanSpec>, 4> ac;
  // The single scan of a sequential picture, or the DC scans of a progressive
  // one in the order of the file.
  std::vector<FastJpegScan> scans;
  // Only for progressive pictures: AC scans of components with two eighths.
  std::vector<FastJpegAcScan> ac_scans;
  bool progressive = false;
};

// Returns null if the JPEG is not plain. If ReadBand() or Finish() fails later,
// ignore the error and decode again with libjpeg-turbo: see
// Decoder::CanFallBack(). The reader sets the sizes of the planes; the rest of
// `shape` is given.
[[nodiscard]] std::unique_ptr<RowSource> ReadFastJpeg(
    const FastJpegInput& input, const PictureShape& shape);

}  // namespace thumbmill
