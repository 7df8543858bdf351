// worker/image/codec/plain_jpeg.h: a reader of our own for plain JPEGs, several
// times faster than a general one when a small picture is wanted.
//
// The idea: at N/8 of the size only the N x N lowest frequencies of a block
// count, so the others are passed over, several codes at a time, and never
// become numbers. Each plane has the N that its thumbnails need: of 4:4:4 files
// chroma is taken at half of luma's, when it will be halved anyway. Of a
// progressive file at 1/8 only the DC scans are read, in step with each other,
// a row of blocks at a time: exact, and without keeping any coefficients. At
// 1/4 so are the first scans over the lowest AC coefficients (low_ac_scan.h),
// where what the others would add cannot be seen.
//
// Plain    Huffman-coded 8-bit JPEGs: sequential ones with a single scan, or
//          progressive ones with one or all components in a DC scan; whole and,
//          in what is read, without a fault. Where anything is odd the reader
//          gives up, at whatever row; the caller then starts again with
//          libjpeg-turbo, which decides what is damaged, how badly, and what
//          can be saved.
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

struct PlainComponent {
  unsigned across = 1;  // blocks in an MCU
  unsigned down = 1;
  unsigned eighths = 8;                   // N: samples a side of each block
  std::array<std::uint16_t, 64> quant{};  // in zigzag order
  unsigned dc_table = 0;
  unsigned ac_table = 0;
};

struct PlainScan {
  ByteSpan data;  // from behind its header to the end of the file
  unsigned restart_interval = 0;  // in MCUs; 0: none
  unsigned low_bit = 0;           // progressive: Al
  bool refines = false;           // progressive: brings that bit alone
  // Progressive, unless it refines: of each of its components.
  std::vector<HuffmanSpec> tables;
  // Of which component; kAll: of all, an MCU at a time.
  std::size_t component = kAll;
  static constexpr std::size_t kAll = SIZE_MAX;
};

struct PlainPicture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<PlainComponent> components;
  std::array<std::optional<HuffmanSpec>, 4> dc;
  std::array<std::optional<HuffmanSpec>, 4> ac;
  // One, or the DC scans of a progressive picture, in their order in the file.
  std::vector<PlainScan> scans;
  // Of a progressive picture: for components at two eighths.
  std::vector<PlainAcScan> ac_scans;
  bool progressive = false;
};

// The reason of the Refusal with which ReadBand() and Finish() give up counts
// for nothing: see Decoder::HandsOver(). Empty: not plain.
//
// `shape` says all but the sizes of the planes.
[[nodiscard]] std::unique_ptr<RowSource> ReadPlainJpeg(
    const PlainPicture& picture, const PictureShape& shape);

}  // namespace thumbmill
