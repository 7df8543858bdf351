// Links: tm_image tm_pictures
// Mutator: image_mutator.cc
//
// Compares our own PNG reader with libpng. If our reader finishes without
// handing over, libpng must give the same bytes and the same warnings.
//
// Random changes would fail at the check sums, so the target corrects them. An
// input is either a PNG, whose CRCs it sets, or a description of one: width,
// height, colour type and depth, bytes in each IDAT, raw deflate data.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "tests/tools/jpeg_planes.h"
#include "tests/tools/raw_png.h"
#include "worker/image/codec/peek.h"

namespace {

using namespace thumbmill;
using testing::Bytes;

constexpr std::size_t kMaxRaster = 1 << 20;
constexpr std::size_t kHead = 5;

void Store32(std::uint32_t value, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i)
    out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

std::uint32_t Load32(const std::uint8_t* in) {
  return static_cast<std::uint32_t>(in[0]) << 24 | in[1] << 16 | in[2] << 8 |
         in[3];
}

Bytes WithRightSums(Bytes png) {
  constexpr std::size_t kFrame = 12;
  for (std::size_t at = 8; at < png.size() && png.size() - at >= kFrame;) {
    const std::size_t length = Load32(png.data() + at);
    if (png.size() - at - kFrame < length) break;
    const uLong sum =
        crc32(0, png.data() + at + 4, static_cast<uInt>(length + 4));
    Store32(static_cast<std::uint32_t>(sum), png.data() + at + 8 + length);
    at += kFrame + length;
  }
  return png;
}

// Wraps raw deflate data in a zlib stream. It keeps the data up to where zlib
// stops and computes the check sum of the bytes that came out until then, even
// if zlib reports an error.
Bytes WrapDeflated(ByteSpan data) {
  static Bytes raster(kMaxRaster);
  z_stream z{};
  if (inflateInit2(&z, -15) != Z_OK) std::abort();
  z.next_in = const_cast<Bytef*>(data.data());
  z.avail_in = static_cast<uInt>(data.size());
  z.next_out = raster.data();
  z.avail_out = static_cast<uInt>(raster.size());
  const bool ended = inflate(&z, Z_FINISH) == Z_STREAM_END;
  const std::size_t made = z.total_out;
  const std::size_t used = ended ? z.total_in : data.size();
  inflateEnd(&z);
  // A zlib header for a window of 32 KiB.
  Bytes stream = {0x78, 0x01};
  stream.insert(stream.end(), data.begin(),
                data.begin() + static_cast<std::ptrdiff_t>(used));
  stream.resize(stream.size() + 4);
  const uLong sum = adler32(1, raster.data(), static_cast<uInt>(made));
  Store32(static_cast<std::uint32_t>(sum), stream.data() + stream.size() - 4);
  return stream;
}

Bytes Described(ByteSpan input) {
  constexpr std::array<std::pair<std::uint8_t, std::uint8_t>, 16> kTypes = {
      {{0, 1},
       {0, 2},
       {0, 4},
       {0, 8},
       {0, 16},
       {2, 8},
       {2, 16},
       {3, 1},
       {3, 2},
       {3, 4},
       {3, 8},
       {4, 8},
       {4, 16},
       {6, 8},
       {6, 16},
       {3, 8}}};
  testing::RawPng png;
  png.width = input[0] + 1u;
  png.height = input[1] % 64 + 1u;
  std::tie(png.colour_type, png.bits) = kTypes[input[2] % 16];
  png.in_chunk = input[3] == 0 ? 8192 : input[3];
  const std::size_t colours =
      std::min<std::size_t>(input[4] + 1u, std::size_t{1} << png.bits);
  if (png.colour_type == 3)
    for (std::size_t i = 0; i < 3 * colours; ++i)
      png.palette.push_back(static_cast<std::uint8_t>(17 * i));
  if (png.colour_type == 3 && input[2] >= 128) png.transparency = {0, 9};
  png.stream = WrapDeflated(input.subspan(kHead));
  return testing::AssemblePng(png);
}

std::unique_ptr<Decoder> Open(ByteSpan png, DecodeWarnings* warnings) {
  DecoderOptions options;
  options.limits.max_pixels = 1 << 16;
  auto decoder = OpenPng(png, options, warnings);
  return decoder ? std::move(*decoder) : nullptr;
}

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void Check(ByteSpan png) {
  DecodeWarnings warnings;
  auto decoder = Open(png, &warnings);
  if (!decoder) return;
  const auto ours = testing::ReadPlanes(decoder.get(), {});
  if (!ours || decoder->reader() != std::string_view("own")) return;
  const auto our_complaints = warnings.texts();
  static_cast<void>(decoder->CanFallBack());
  const auto theirs = testing::ReadPlanes(decoder.get(), {});
  if (!theirs) Fail("libpng does not read it");
  if (testing::LargestDifference(*ours, *theirs) != 0) Fail("other samples");
  if (warnings.texts() != our_complaints) Fail("other warnings");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteSpan bytes(data, size);
  if (size > kHead) Check(Described(bytes));
  if (Sniff(bytes).format == ImageFormat::kPng)
    Check(WithRightSums({bytes.begin(), bytes.end()}));
  return 0;
}
