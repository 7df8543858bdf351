// tests/tools/pictures.h: pictures for tests: made, written with any option of
// the formats, and read back by the libraries themselves, not by our decoders.
//
// Errors   CHECK: a test that cannot make its picture is no test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace thumbmill::testing {

using Bytes = std::vector<std::uint8_t>;

// Interleaved; 8 bits, or 16 in `deep`. 1 grey, 2 grey and alpha, 3 RGB,
// 4 RGBA (or CMYK where a JPEG is written).
struct Picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int channels = 3;
  std::vector<std::uint8_t> samples;

  [[nodiscard]] std::uint8_t At(std::uint32_t x, std::uint32_t y,
                                int channel) const {
    return samples[(std::size_t{y} * width + x) *
                       static_cast<std::size_t>(channels) +
                   static_cast<std::size_t>(channel)];
  }
};

enum class Kind {
  kGradient,  // each channel another direction
  kChecker,   // squares of 8
  kNoise,     // each sample by chance
  kPhoto,     // smooth blobs, edges and a little noise
};

[[nodiscard]] Picture MakePicture(Kind kind, std::uint32_t width,
                                  std::uint32_t height, int channels,
                                  std::uint32_t seed);

struct JpegOptions {
  int quality = 90;
  int h_samp = 2;  // of luma; chroma has 1
  int v_samp = 2;
  bool progressive = false;
  bool separate_dc = false;  // progressive: a DC scan for each component
  bool arithmetic = false;
  bool adobe_rgb = false;  // three channels as RGB, not YCbCr
  bool ycck = false;       // four channels
  int restart_rows = 0;
  int orientation = 0;  // 0: no EXIF
  Bytes exif = {};      // a TIFF structure, instead of the orientation
  std::string icc = {};
};
[[nodiscard]] Bytes WriteJpeg(const Picture& picture,
                              const JpegOptions& options = {});

struct PngOptions {
  bool deep = false;  // 16 bits: each sample times 257
  bool interlaced = false;
  bool palette = false;  // the picture's colours, 3 bits a channel
  int orientation = 0;   // in eXIf
  Bytes icc = {};
};
[[nodiscard]] Bytes WritePng(const Picture& picture,
                             const PngOptions& options = {});

struct WebpOptions {
  int quality = 90;
  bool lossless = false;
  int method = 4;  // 0 is quick
  int orientation = 0;
  std::string icc = {};
  // Not 0: the first of two frames of an animation on a canvas of this size.
  std::uint32_t canvas_width = 0;
  std::uint32_t canvas_height = 0;
  std::uint32_t frame_x = 0;  // even
  std::uint32_t frame_y = 0;
};
[[nodiscard]] Bytes WriteWebp(const Picture& picture,
                              const WebpOptions& options = {});

struct GifOptions {
  std::uint32_t screen_width = 0;
  std::uint32_t screen_height = 0;
  std::uint32_t frame_x = 0;
  std::uint32_t frame_y = 0;
  bool interlaced = false;
  std::uint8_t transparent = 0;  // index of what has an alpha below 128
  bool second_frame = false;
};
// Colours are cut to 3, 3 and 2 bits; greys are kept.
[[nodiscard]] Bytes WriteGif(const Picture& picture, const GifOptions& options);

struct AvifOptions {
  int bits = 8;        // 10, 12
  int sampling = 420;  // 400 is grey
  bool limited = false;
  int matrix = 6;  // as H.273 numbers them
  bool premultiplied = false;
  int primaries = 1;    // the same
  int transfer = 13;    // the same: the curve of sRGB
  int quantizer = 8;    // 0 is the best, 63 the worst
  int orientation = 0;  // in EXIF
  int quarters = -1;    // irot
  int mirror = -1;      // imir
  std::uint32_t crop_x = 0;
  std::uint32_t crop_y = 0;
  std::uint32_t crop_width = 0;  // clap
  std::uint32_t crop_height = 0;
  std::string icc = {};
  int columns = 1;  // of a grid of one row
  int frames = 1;
};
[[nodiscard]] Bytes WriteAvif(const Picture& picture,
                              const AvifOptions& options);

// By libwebp, to RGB, or to RGBA where it has alpha.
[[nodiscard]] Picture ReadWebp(ByteSpan bytes);

// By libpng; 16 bits are cut to 8, palettes expanded.
[[nodiscard]] Picture ReadPng(ByteSpan bytes);
// By libjpeg-turbo, at full size, to grey or RGB.
[[nodiscard]] Picture ReadJpeg(ByteSpan bytes);

// What stands beside the pixels, as the libraries give it.
struct Attached {
  Bytes icc;
  Bytes exif;  // the TIFF structure
};
[[nodiscard]] Attached ReadAttached(ByteSpan bytes);

// A TIFF structure with the orientation alone.
[[nodiscard]] Bytes MakeExif(int orientation, bool big_endian = false);

// Called with each pair that Psnr() compares: see save_images.cc.
void OnCompared(void (*hook)(const Picture& a, const Picture& b));

// Decibels over all samples; infinite becomes 99.
[[nodiscard]] double Psnr(const Picture& a, const Picture& b);

}  // namespace thumbmill::testing
