// tests/tools/pictures.h: makes pictures for tests, writes them with any option
// of the formats, and reads them back with the libraries themselves, not with
// our decoders.
//
// Errors   CHECK fails if a test cannot make its picture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace thumbmill::testing {

using Bytes = std::vector<std::uint8_t>;

// Interleaved samples of 8 bits, or of 16 bits in `deep`. Channels: 1 is grey,
// 2 grey and alpha, 3 RGB, 4 RGBA (CMYK if written as a JPEG).
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
  kGradient,  // a different direction in each channel
  kChecker,   // squares of 8
  kNoise,     // random samples
  kPhoto,     // smooth blobs, edges and a little noise
};

[[nodiscard]] Picture MakePicture(Kind kind, std::uint32_t width,
                                  std::uint32_t height, int channels,
                                  std::uint32_t seed);

struct JpegOptions {
  int quality = 90;
  int h_samp = 2;  // sampling factor of luma; chroma has 1
  int v_samp = 2;
  bool progressive = false;
  bool separate_dc = false;  // if progressive: one DC scan per component
  bool arithmetic = false;
  bool adobe_rgb = false;  // three channels as RGB, not YCbCr
  bool ycck = false;       // four channels
  int restart_rows = 0;
  int orientation = 0;  // 0 writes no EXIF
  Bytes exif = {};      // a TIFF structure; replaces `orientation`
  std::string icc = {};
};
[[nodiscard]] Bytes WriteJpeg(const Picture& picture,
                              const JpegOptions& options = {});

struct PngOptions {
  bool deep = false;  // 16 bits; each sample times 257
  bool interlaced = false;
  bool palette = false;  // colours cut to 3, 3 and 2 bits
  int orientation = 0;   // written to eXIf
  Bytes icc = {};
};
[[nodiscard]] Bytes WritePng(const Picture& picture,
                             const PngOptions& options = {});

struct WebpOptions {
  int quality = 90;
  bool lossless = false;
  int method = 4;  // 0 is the fastest
  int orientation = 0;
  std::string icc = {};
  // If not 0, the picture is the first of two frames of an animation on a
  // canvas of this size.
  std::uint32_t canvas_width = 0;
  std::uint32_t canvas_height = 0;
  std::uint32_t frame_x = 0;  // must be even
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
  std::uint8_t transparent = 0;  // index of pixels with an alpha below 128
  bool second_frame = false;
};
// Writes a GIF. Colours are cut to 3, 3 and 2 bits; greys are kept.
[[nodiscard]] Bytes WriteGif(const Picture& picture, const GifOptions& options);

struct AvifOptions {
  int bits = 8;        // or 10, 12
  int sampling = 420;  // 400 is grey
  bool limited = false;
  int matrix = 6;  // number in H.273
  bool premultiplied = false;
  int primaries = 1;    // number in H.273
  int transfer = 13;    // number in H.273; 13 is the curve of sRGB
  int quantizer = 8;    // 0 is the best, 63 the worst
  int orientation = 0;  // written to EXIF
  int quarters = -1;    // written to irot; -1 writes none
  int mirror = -1;      // written to imir; -1 writes none
  std::uint32_t crop_x = 0;
  std::uint32_t crop_y = 0;
  std::uint32_t crop_width = 0;  // written to clap; 0 writes none
  std::uint32_t crop_height = 0;
  std::string icc = {};
  int columns = 1;  // tiles in a grid of one row
  int frames = 1;
};
[[nodiscard]] Bytes WriteAvif(const Picture& picture,
                              const AvifOptions& options);

// Reads with libwebp, to RGB or, if the file has alpha, to RGBA.
[[nodiscard]] Picture ReadWebp(ByteSpan bytes);

// Reads with libpng; cuts 16 bits to 8 and expands palettes.
[[nodiscard]] Picture ReadPng(ByteSpan bytes);
// Reads with libjpeg-turbo at full size, to grey or RGB.
[[nodiscard]] Picture ReadJpeg(ByteSpan bytes);

// Metadata beside the pixels, as the libraries return it.
struct Attached {
  Bytes icc;
  Bytes exif;  // TIFF structure
};
[[nodiscard]] Attached ReadAttached(ByteSpan bytes);

// Returns a TIFF structure that holds only the orientation.
[[nodiscard]] Bytes MakeExif(int orientation, bool big_endian = false);

// Sets a function that Psnr() calls with each pair it compares; see
// save_images.cc.
void OnCompared(void (*hook)(const Picture& a, const Picture& b));

// Returns decibels over all samples; 99 if the pictures are equal.
[[nodiscard]] double Psnr(const Picture& a, const Picture& b);

}  // namespace thumbmill::testing
