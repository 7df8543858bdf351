// Writes GIF files for tests byte by byte: giflib would refuse to write wrong
// ones.
#include <algorithm>

#include "common/check.h"
#include "tests/tools/pictures.h"

namespace thumbmill::testing {
namespace {

void AppendU16(std::uint32_t value, Bytes* out) {
  out->push_back(static_cast<std::uint8_t>(value));
  out->push_back(static_cast<std::uint8_t>(value >> 8));
}

// Appends a palette: 3 bits of red and green and 2 of blue, or 256 greys.
void AppendColours(bool grey, Bytes* out) {
  for (int i = 0; i < 256; ++i)
    for (const int level :
         {(i >> 5) * 255 / 7, (i >> 2 & 7) * 255 / 7, (i & 3) * 255 / 3})
      out->push_back(static_cast<std::uint8_t>(grey ? i : level));
}

std::uint8_t IndexOf(const Picture& p, std::uint32_t x, std::uint32_t y,
                     const GifOptions& options) {
  if (p.channels % 2 == 0 && p.At(x, y, p.channels - 1) < 128)
    return options.transparent;
  if (p.channels <= 2) return p.At(x, y, 0);
  const int r = (p.At(x, y, 0) * 7 + 127) / 255;
  const int g = (p.At(x, y, 1) * 7 + 127) / 255;
  const int b = (p.At(x, y, 2) * 3 + 127) / 255;
  return static_cast<std::uint8_t>(r << 5 | g << 2 | b);
}

std::vector<std::uint32_t> RowOrder(std::uint32_t height, bool interlaced) {
  std::vector<std::uint32_t> rows;
  if (interlaced) {
    const std::uint32_t passes[4][2] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
    for (const auto& pass : passes)
      for (std::uint32_t y = pass[0]; y < height; y += pass[1])
        rows.push_back(y);
  } else {
    for (std::uint32_t y = 0; y < height; ++y) rows.push_back(y);
  }
  return rows;
}

// Writes codes of 9 bits only. A clear code comes before they would grow, so no
// dictionary is needed.
class CodeWriter {
 public:
  void Code(std::uint32_t code) {
    bits_ |= code << count_;
    for (count_ += 9; count_ >= 8; count_ -= 8, bits_ >>= 8)
      bytes_.push_back(static_cast<std::uint8_t>(bits_));
  }
  Bytes Finish() {
    if (count_ > 0) bytes_.push_back(static_cast<std::uint8_t>(bits_));
    return bytes_;
  }

 private:
  std::uint32_t bits_ = 0;
  int count_ = 0;
  Bytes bytes_;
};

Bytes Codes(const Picture& picture, const GifOptions& options) {
  constexpr std::uint32_t kClear = 256, kEnd = 257;
  constexpr int kRun = 250;  // codes before the width would grow to 10 bits
  CodeWriter writer;
  int left = 0;
  for (const std::uint32_t y : RowOrder(picture.height, options.interlaced))
    for (std::uint32_t x = 0; x < picture.width; ++x) {
      if (left-- == 0) {
        writer.Code(kClear);
        left = kRun - 1;
      }
      writer.Code(IndexOf(picture, x, y, options));
    }
  writer.Code(kEnd);
  return writer.Finish();
}

void AppendFrame(const Picture& picture, const GifOptions& options,
                 Bytes* out) {
  if (picture.channels % 2 == 0)
    out->insert(out->end(), {0x21, 0xF9, 4, 1, 10, 0, options.transparent, 0});
  out->push_back(0x2C);
  AppendU16(options.frame_x, out);
  AppendU16(options.frame_y, out);
  AppendU16(picture.width, out);
  AppendU16(picture.height, out);
  out->push_back(options.interlaced ? 0x40 : 0);
  out->push_back(8);
  const Bytes codes = Codes(picture, options);
  for (std::size_t at = 0; at < codes.size(); at += 255) {
    const std::size_t size = std::min<std::size_t>(255, codes.size() - at);
    out->push_back(static_cast<std::uint8_t>(size));
    const auto from = codes.begin() + static_cast<std::ptrdiff_t>(at);
    out->insert(out->end(), from, from + static_cast<std::ptrdiff_t>(size));
  }
  out->push_back(0);
}

}  // namespace

Bytes WriteGif(const Picture& picture, const GifOptions& options) {
  Bytes gif = {'G', 'I', 'F', '8', '9', 'a'};
  AppendU16(options.screen_width, &gif);
  AppendU16(options.screen_height, &gif);
  gif.insert(gif.end(), {0xF7, 0, 0});  // flags for a table of 256 colours
  AppendColours(picture.channels <= 2, &gif);
  gif.insert(gif.end(), {0x21, 0xFE, 4, 't', 'e', 's', 't', 0});
  AppendFrame(picture, options, &gif);
  if (options.second_frame) {
    Picture other = picture;
    std::fill(other.samples.begin(), other.samples.end(), std::uint8_t{9});
    AppendFrame(other, options, &gif);
  }
  gif.push_back(0x3B);
  return gif;
}

}  // namespace thumbmill::testing
