#include "tests/tools/raw_bmp.h"

#include <algorithm>

#include "common/check.h"

namespace thumbmill::testing {
namespace {

constexpr std::size_t kFileHeader = 14;

std::uint32_t Rounded(std::uint32_t sample, std::uint32_t most) {
  return (sample * most + 127) / 255;
}

std::uint8_t Widened(std::uint32_t level, std::uint32_t most) {
  return static_cast<std::uint8_t>((level * 255 + most / 2) / most);
}

// Returns the largest level of a channel.
std::uint32_t MostOf(std::uint16_t bits, int channel) {
  if (bits == 16) return 31;
  if (bits == 8) return channel == 2 ? 3 : 7;
  return bits < 8 ? (1u << bits) - 1 : 255;
}

// Small palettes have greys: red decides.
std::uint32_t LevelAt(const Picture& p, std::uint16_t bits, std::uint32_t x,
                      std::uint32_t y, int channel) {
  return Rounded(p.At(x, y, bits < 8 ? 0 : channel), MostOf(bits, channel));
}

// Returns the pixel as a number of `bits`.
std::uint32_t PixelAt(const Picture& p, std::uint16_t bits, std::uint32_t x,
                      std::uint32_t y) {
  const auto level = [&](int c) { return LevelAt(p, bits, x, y, c); };
  if (bits < 8) return level(0);
  if (bits == 8) return level(0) << 5 | level(1) << 2 | level(2);
  if (bits == 16) return level(0) << 10 | level(1) << 5 | level(2);
  const std::uint32_t alpha =
      bits == 32 && p.channels == 4 ? std::uint32_t{p.At(x, y, 3)} << 24 : 0;
  return alpha | level(0) << 16 | level(1) << 8 | level(2);
}

Bytes PaletteOf(std::uint16_t bits) {
  Bytes palette;
  for (std::uint32_t i = 0; i < 1u << bits; ++i) {
    const bool grey = bits < 8;
    const std::uint32_t levels[] = {grey ? i : i & 3, grey ? i : i >> 2 & 7,
                                    grey ? i : i >> 5};
    for (int c = 0; c < 3; ++c)  // blue comes first
      palette.push_back(Widened(levels[c], MostOf(bits, 2 - c)));
    palette.push_back(0);
  }
  return palette;
}

void AppendRow(const Picture& p, std::uint16_t bits, std::uint32_t y,
               Bytes* out) {
  const std::size_t start = out->size();
  std::uint32_t byte = 0, used = 0;
  for (std::uint32_t x = 0; x < p.width; ++x) {
    const std::uint32_t pixel = PixelAt(p, bits, x, y);
    if (bits >= 16) {
      AppendLittle(pixel, bits / 8, out);
      continue;
    }
    byte = byte << bits | pixel;
    used += bits;
    if (used < 8) continue;
    out->push_back(static_cast<std::uint8_t>(byte));
    byte = used = 0;
  }
  if (used > 0) out->push_back(static_cast<std::uint8_t>(byte << (8 - used)));
  while ((out->size() - start) % 4 != 0) out->push_back(0);
}

// Appends the codes of a row: a run where two indices are equal, else lists of
// three or more.
void AppendRuns(const Bytes& row, bool halves, Bytes* out) {
  const auto pack = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(halves ? a << 4 | b : a);
  };
  std::size_t x = 0;
  const auto run_at = [&](std::size_t from) {
    std::size_t end = from;
    while (end < row.size() && end - from < 255 && row[end] == row[from]) ++end;
    return end - from;
  };
  while (x < row.size()) {
    std::size_t length = run_at(x);
    std::size_t list = 0;
    while (x + list < row.size() && list < 255 && run_at(x + list) < 3) ++list;
    if (list < 3) {
      out->push_back(static_cast<std::uint8_t>(length));
      out->push_back(pack(row[x], row[x]));
      x += length;
      continue;
    }
    out->push_back(0);
    out->push_back(static_cast<std::uint8_t>(list));
    const std::size_t start = out->size();
    for (std::size_t i = 0; i < list; i += halves ? 2 : 1)
      out->push_back(pack(row[x + i], i + 1 < list ? row[x + i + 1] : 0));
    if ((out->size() - start) % 2 != 0) out->push_back(0);
    x += list;
  }
}

}  // namespace

void AppendLittle(std::uint32_t value, int bytes, Bytes* out) {
  for (int i = 0; i < bytes; ++i)
    out->push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

Bytes AssembleBmp(const RawBmp& bmp) {
  Bytes out = {'B', 'M'};
  const std::size_t data_at = kFileHeader + bmp.header + bmp.behind.size();
  AppendLittle(0, 4, &out);  // nobody reads the size of the file
  AppendLittle(0, 4, &out);
  AppendLittle(bmp.names_data ? static_cast<std::uint32_t>(data_at) : 0, 4,
               &out);
  AppendLittle(bmp.header, 4, &out);
  const int side = bmp.header == 12 ? 2 : 4;
  AppendLittle(bmp.width, side, &out);
  AppendLittle(bmp.height, side, &out);
  AppendLittle(1, 2, &out);
  AppendLittle(bmp.bits, 2, &out);
  AppendLittle(bmp.compression, 4, &out);
  for (int i = 0; i < 3; ++i) AppendLittle(0, 4, &out);
  AppendLittle(bmp.colours, 4, &out);
  AppendLittle(0, 4, &out);
  if (bmp.header > 40) out.insert(out.end(), bmp.more.begin(), bmp.more.end());
  out.resize(kFileHeader + bmp.header);
  out.insert(out.end(), bmp.behind.begin(), bmp.behind.end());
  out.insert(out.end(), bmp.data.begin(), bmp.data.end());
  if (bmp.profile.empty()) return out;
  Bytes place;
  AppendLittle(static_cast<std::uint32_t>(out.size() - kFileHeader), 4, &place);
  AppendLittle(static_cast<std::uint32_t>(bmp.profile.size()), 4, &place);
  std::copy(place.begin(), place.end(), out.begin() + kFileHeader + 112);
  out.insert(out.end(), bmp.profile.begin(), bmp.profile.end());
  return out;
}

RawBmp MakeBmp(const Picture& picture, std::uint16_t bits, bool top_down) {
  CHECK(picture.channels >= 3);
  RawBmp bmp;
  bmp.width = picture.width;
  bmp.height = top_down ? 0 - picture.height : picture.height;
  bmp.bits = bits;
  if (bits <= 8) bmp.behind = PaletteOf(bits);
  if (bits == 32 && picture.channels == 4) {
    bmp.header = 56;
    bmp.compression = 3;
    for (const std::uint32_t mask : {0xFF0000u, 0xFF00u, 0xFFu, 0xFF000000u})
      AppendLittle(mask, 4, &bmp.more);
  }
  for (std::uint32_t i = 0; i < picture.height; ++i)
    AppendRow(picture, bits, top_down ? i : picture.height - 1 - i, &bmp.data);
  return bmp;
}

std::uint8_t StoredInBmp(const Picture& picture, std::uint16_t bits,
                         std::uint32_t x, std::uint32_t y, int channel) {
  if (channel == 3) return picture.At(x, y, 3);
  return Widened(LevelAt(picture, bits, x, y, channel), MostOf(bits, channel));
}

void CodeRuns(RawBmp* bmp) {
  const bool halves = bmp->bits == 4;
  CHECK(halves || bmp->bits == 8);
  const std::uint32_t stride = (bmp->width * bmp->bits + 31) / 32 * 4;
  Bytes codes;
  for (std::size_t at = 0; at < bmp->data.size(); at += stride) {
    Bytes row;
    for (std::uint32_t x = 0; x < bmp->width; ++x) {
      const std::uint8_t byte = bmp->data[at + (halves ? x / 2 : x)];
      row.push_back(!halves ? byte : x % 2 == 0 ? byte >> 4 : byte & 15);
    }
    AppendRuns(row, halves, &codes);
    codes.insert(codes.end(), {0, 0});
  }
  codes.insert(codes.end(), {0, 1});
  bmp->data = std::move(codes);
  bmp->compression = halves ? 2 : 1;
}

}  // namespace thumbmill::testing
