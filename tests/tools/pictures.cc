#include "tests/tools/pictures.h"

#include <cstdio>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>
#include <png.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
//
#include <algorithm>
#include <array>
#include <iterator>
#include <random>

#include "common/check.h"

namespace thumbmill::testing {
namespace {

std::uint8_t Clamp(double value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
}

double Gradient(std::uint32_t x, std::uint32_t y, const Picture& p, int c) {
  const double fx = p.width > 1 ? 255.0 * x / (p.width - 1) : 0;
  const double fy = p.height > 1 ? 255.0 * y / (p.height - 1) : 0;
  switch (c) {
    case 0:
      return fx;
    case 1:
      return fy;
    case 2:
      return 255 - fx;
    default:
      return (fx + fy) / 2;
  }
}

// A synthetic photo: a few waves, whose lengths and directions depend on the
// seed, and one edge.
class Photo {
 public:
  explicit Photo(std::uint32_t seed) : random_(seed) {
    for (auto& wave : waves_)
      for (double& number : wave) number = Unit();
    edge_ = 0.3 + 0.4 * Unit();
  }

  double At(double x, double y, int c) {
    double value = 110 + 20 * c;
    for (const auto& w : waves_)
      value +=
          22 *
          std::sin(6.28 * ((1 + 5 * w[0]) * x + (1 + 5 * w[1]) * y + w[2]) +
                   c * w[3]);
    if (x + 0.2 * y > edge_) value += 40;
    return value + 6 * (Unit() - 0.5);
  }

 private:
  double Unit() { return static_cast<double>(random_()) / 4294967296.0; }

  std::mt19937 random_;
  std::array<std::array<double, 4>, 4> waves_{};
  double edge_ = 0;
};

struct JpegTarget {
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
};

void WriteMarkers(jpeg_compress_struct* jpeg, const JpegOptions& options) {
  if (options.orientation != 0 || !options.exif.empty()) {
    Bytes exif = {'E', 'x', 'i', 'f', 0, 0};
    const Bytes tiff =
        options.exif.empty() ? MakeExif(options.orientation) : options.exif;
    exif.insert(exif.end(), tiff.begin(), tiff.end());
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, exif.data(),
                      static_cast<unsigned>(exif.size()));
  }
  if (!options.icc.empty())
    jpeg_write_icc_profile(jpeg,
                           reinterpret_cast<const JOCTET*>(options.icc.data()),
                           static_cast<unsigned>(options.icc.size()));
}

void SetColours(jpeg_compress_struct* jpeg, const JpegOptions& options) {
  if (jpeg->input_components == 3 && options.adobe_rgb)
    jpeg_set_colorspace(jpeg, JCS_RGB);
  if (jpeg->input_components == 4)
    jpeg_set_colorspace(jpeg, options.ycck ? JCS_YCCK : JCS_CMYK);
  const bool sampled =
      jpeg->input_components == 3 ? !options.adobe_rgb : options.ycck;
  if (!sampled) return;
  for (int i = 0; i < jpeg->num_components; ++i) {
    // Luma and, in YCCK, black have full size.
    const bool full = i == 0 || i == 3;
    jpeg->comp_info[i].h_samp_factor = full ? options.h_samp : 1;
    jpeg->comp_info[i].v_samp_factor = full ? options.v_samp : 1;
  }
}

// Returns the space of the samples handed to libjpeg, not of the file.
J_COLOR_SPACE SpaceOf(int channels) {
  if (channels == 1) return JCS_GRAYSCALE;
  return channels == 3 ? JCS_RGB : JCS_CMYK;
}

void Append(png_structp png, png_bytep bytes, std::size_t size) {
  auto* out = static_cast<Bytes*>(png_get_io_ptr(png));
  out->insert(out->end(), bytes, bytes + size);
}

int PngType(int channels) {
  constexpr int kTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                            PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  return kTypes[channels - 1];
}

// Returns an index with 3 bits of red and green and 2 of blue.
std::uint8_t PaletteIndex(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] >> 5) << 5 | (rgb[1] >> 5) << 2 |
                                   rgb[2] >> 6);
}

void SetPalette(png_structp png, png_infop info) {
  png_color colours[256];
  for (int i = 0; i < 256; ++i) {
    colours[i].red = static_cast<png_byte>((i >> 5) * 255 / 7);
    colours[i].green = static_cast<png_byte>((i >> 2 & 7) * 255 / 7);
    colours[i].blue = static_cast<png_byte>((i & 3) * 255 / 3);
  }
  png_set_PLTE(png, info, colours, 256);
}

Bytes PngRow(const Picture& picture, std::uint32_t y,
             const PngOptions& options) {
  const auto channels = static_cast<std::size_t>(picture.channels);
  const std::size_t count = picture.width * channels;
  const std::uint8_t* from = picture.samples.data() + y * count;
  Bytes row;
  if (options.palette) {
    for (std::uint32_t x = 0; x < picture.width; ++x)
      row.push_back(PaletteIndex(from + x * channels));
    return row;
  }
  for (std::size_t i = 0; i < count; ++i) {
    row.push_back(from[i]);
    // The same byte twice is the sample times 257.
    if (options.deep) row.push_back(from[i]);
  }
  return row;
}

}  // namespace

Picture MakePicture(Kind kind, std::uint32_t width, std::uint32_t height,
                    int channels, std::uint32_t seed) {
  Picture p{width, height, channels, {}};
  p.samples.reserve(std::size_t{width} * height *
                    static_cast<std::size_t>(channels));
  std::mt19937 random(seed);
  Photo photo(seed);
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        double value = 0;
        switch (kind) {
          case Kind::kGradient:
            value = Gradient(x, y, p, c);
            break;
          case Kind::kChecker:
            value = (x / 8 + y / 8) % 2 * 255;
            break;
          case Kind::kNoise:
            value = random() & 255;
            break;
          case Kind::kPhoto:
            value = photo.At(static_cast<double>(x) / width,
                             static_cast<double>(y) / height, c);
            break;
        }
        p.samples.push_back(Clamp(value));
      }
  return p;
}

Bytes WriteJpeg(const Picture& picture, const JpegOptions& options) {
  jpeg_compress_struct jpeg;
  // Its error_exit ends the program, which is fine in a test.
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  JpegTarget target;
  jpeg_mem_dest(&jpeg, &target.bytes, &target.size);
  jpeg.image_width = picture.width;
  jpeg.image_height = picture.height;
  jpeg.input_components = picture.channels;
  jpeg.in_color_space = SpaceOf(picture.channels);
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, options.quality, TRUE);
  SetColours(&jpeg, options);
  jpeg.arith_code = options.arithmetic ? TRUE : FALSE;
  jpeg.restart_in_rows = options.restart_rows;
  if (options.progressive) jpeg_simple_progression(&jpeg);
  static const jpeg_scan_info kSeparate[] = {
      {1, {0}, 0, 0, 0, 1},  {1, {1}, 0, 0, 0, 0},  {1, {2}, 0, 0, 0, 0},
      {1, {0}, 1, 63, 0, 2}, {1, {0}, 1, 63, 2, 1}, {1, {1}, 1, 63, 0, 0},
      {1, {2}, 1, 63, 0, 0}, {1, {0}, 0, 0, 1, 0},  {1, {0}, 1, 63, 1, 0}};
  if (options.separate_dc) {
    jpeg.scan_info = kSeparate;
    jpeg.num_scans = static_cast<int>(std::size(kSeparate));
  }
  jpeg_start_compress(&jpeg, TRUE);
  WriteMarkers(&jpeg, options);
  const std::size_t stride =
      picture.width * static_cast<std::size_t>(picture.channels);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    Bytes copy(picture.samples.begin() + static_cast<long>(y * stride),
               picture.samples.begin() + static_cast<long>((y + 1) * stride));
    JSAMPROW row = copy.data();
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  Bytes bytes(target.bytes, target.bytes + target.size);
  std::free(target.bytes);
  return bytes;
}

Bytes WritePng(const Picture& picture, const PngOptions& options) {
  CHECK(!options.palette || picture.channels == 3);
  Bytes bytes;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, Append, nullptr);
  png_set_compression_level(png, 1);
  png_set_IHDR(
      png, info, picture.width, picture.height, options.deep ? 16 : 8,
      options.palette ? PNG_COLOR_TYPE_PALETTE : PngType(picture.channels),
      options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (options.palette) SetPalette(png, info);
  Bytes exif = MakeExif(options.orientation);
  if (options.orientation != 0)
    png_set_eXIf_1(png, info, static_cast<png_uint_32>(exif.size()),
                   exif.data());
  if (!options.icc.empty())
    png_set_iCCP(png, info, "test", PNG_COMPRESSION_TYPE_BASE,
                 options.icc.data(),
                 static_cast<png_uint_32>(options.icc.size()));
  png_write_info(png, info);
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass)
    for (std::uint32_t y = 0; y < picture.height; ++y)
      png_write_row(png, PngRow(picture, y, options).data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

Bytes MakeExif(int orientation, bool big_endian) {
  const auto o = static_cast<std::uint8_t>(orientation);
  if (big_endian)
    return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0,
            3,   0,   0, 0,  1, 0, o, 0, 0, 0, 0, 0,    0};
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
          0,   1,   0,  0, 0, o, 0, 0, 0, 0, 0,    0, 0};
}

namespace {
void (*compared)(const Picture& a, const Picture& b) = nullptr;
}  // namespace

void OnCompared(void (*hook)(const Picture& a, const Picture& b)) {
  compared = hook;
}

double Psnr(const Picture& a, const Picture& b) {
  if (compared != nullptr) compared(a, b);
  CHECK(a.width == b.width && a.height == b.height && a.channels == b.channels);
  double sum = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    const double d = double{1} * a.samples[i] - b.samples[i];
    sum += d * d;
  }
  if (sum == 0) return 99;
  const double mean = sum / static_cast<double>(a.samples.size());
  return 10 * std::log10(255.0 * 255.0 / mean);
}

}  // namespace thumbmill::testing
