#include "tests/tools/raw_png.h"

#include <zlib.h>

#include <algorithm>
#include <random>

#include "common/check.h"

namespace thumbmill::testing {
namespace {

void Append32(std::uint32_t value, Bytes* out) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out->push_back(static_cast<std::uint8_t>(value >> shift));
}

void Append(const Bytes& bytes, Bytes* out) {
  out->insert(out->end(), bytes.begin(), bytes.end());
}

std::size_t ChannelsOf(std::uint8_t colour_type) {
  constexpr std::size_t kChannels[] = {1, 1, 3, 1, 2, 1, 4};
  return kChannels[std::min<std::size_t>(colour_type, 6)];
}

}  // namespace

std::size_t RawPng::row_bytes() const {
  return (std::size_t{width} * ChannelsOf(colour_type) * bits + 7) / 8 + 1;
}

Bytes MakeChunk(std::string_view type, ByteSpan data) {
  Bytes chunk;
  Append32(static_cast<std::uint32_t>(data.size()), &chunk);
  chunk.insert(chunk.end(), type.begin(), type.end());
  chunk.insert(chunk.end(), data.begin(), data.end());
  const uLong sum =
      crc32(0, chunk.data() + 4, static_cast<uInt>(chunk.size() - 4));
  Append32(static_cast<std::uint32_t>(sum), &chunk);
  return chunk;
}

Bytes AssemblePng(const RawPng& png) {
  Bytes header;
  Append32(png.width, &header);
  Append32(png.height, &header);
  Append({png.bits, png.colour_type, 0, 0, 0}, &header);
  Bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  Append(MakeChunk("IHDR", header), &file);
  Append(png.head, &file);
  if (!png.palette.empty()) Append(MakeChunk("PLTE", png.palette), &file);
  if (!png.transparency.empty())
    Append(MakeChunk("tRNS", png.transparency), &file);
  const ByteSpan stream = png.stream;
  for (std::size_t at = 0; at < stream.size(); at += png.in_chunk) {
    const std::size_t size = std::min(png.in_chunk, stream.size() - at);
    Append(MakeChunk("IDAT", stream.subspan(at, size)), &file);
  }
  Append(png.tail, &file);
  Append(MakeChunk("IEND", {}), &file);
  return file;
}

Bytes Deflated(ByteSpan raw, int level) {
  uLongf size = compressBound(static_cast<uLong>(raw.size()));
  Bytes out(size);
  CHECK(compress2(out.data(), &size, raw.data(), static_cast<uLong>(raw.size()),
                  level) == Z_OK);
  out.resize(size);
  return out;
}

Bytes MakeRaster(const RawPng& png, unsigned filters, unsigned seed) {
  std::mt19937 random(seed);
  Bytes raster;
  for (std::uint32_t y = 0; y < png.height; ++y) {
    raster.push_back(static_cast<std::uint8_t>(random() % filters));
    for (std::size_t i = 1; i < png.row_bytes(); ++i)
      raster.push_back(static_cast<std::uint8_t>(random()));
  }
  return raster;
}

}  // namespace thumbmill::testing
