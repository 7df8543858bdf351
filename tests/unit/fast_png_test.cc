// Links: tm_image tm_pictures
//
// Compares our reader for plain PNGs with libpng: it must give the same samples
// or hand over.
#include "worker/image/codec/fast_png.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "tests/tools/jpeg_planes.h"
#include "tests/tools/raw_png.h"
#include "worker/image/codec/decoders.h"
#include "worker/image/codec/peek.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using testing::AssemblePng;
using testing::Bytes;
using testing::Deflated;
using testing::LargestDifference;
using testing::MakeChunk;
using testing::MakeRaster;
using testing::RawPng;
using testing::ReadPlanes;
using testing::SamplePlane;

struct Opened {
  DecodeWarnings warnings;
  std::unique_ptr<Decoder> decoder;
};

void Open(ByteSpan png, Opened* opened) {
  auto decoder = OpenPng(png, DecoderOptions(), &opened->warnings);
  if (decoder) opened->decoder = std::move(*decoder);
}

struct Reading {
  std::vector<SamplePlane> planes;
  std::vector<std::string> warnings;
};

std::optional<Reading> ReadAll(Opened* opened) {
  auto planes = ReadPlanes(opened->decoder.get(), {});
  if (!planes) return std::nullopt;
  return Reading{std::move(*planes), opened->warnings.texts()};
}

// Reads with our reader alone. Returns empty if it handed over or never
// started.
std::optional<Reading> ReadPlain(ByteSpan png) {
  Opened opened;
  Open(png, &opened);
  if (!opened.decoder) return std::nullopt;
  auto reading = ReadAll(&opened);
  if (opened.decoder->reader() != std::string("own")) return std::nullopt;
  return reading;
}

std::optional<Reading> ReadByLibpng(ByteSpan png) {
  Opened opened, again;
  Open(png, &opened);
  if (!opened.decoder || !opened.decoder->Start({})) return std::nullopt;
  if (opened.decoder->CanFallBack()) return ReadAll(&opened);
  // A decoder that did not use our reader cannot start again, so open another.
  Open(png, &again);
  return ReadAll(&again);
}

void ExpectSame(const std::optional<Reading>& ours, ByteSpan png) {
  const auto theirs = ReadByLibpng(png);
  ASSERT_TRUE(ours);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(LargestDifference(ours->planes, theirs->planes), 0);
  EXPECT_EQ(ours->warnings, theirs->warnings);
}

void ExpectSame(ByteSpan png) { ExpectSame(ReadPlain(png), png); }

Bytes Colours(std::size_t count) {
  Bytes palette;
  for (std::size_t i = 0; i < 3 * count; ++i)
    palette.push_back(static_cast<std::uint8_t>(i * 37 + i / 3));
  return palette;
}

// Parameters are the colour type and the bit depth.
class FastPngOf
    : public ::testing::TestWithParam<std::tuple<std::uint8_t, std::uint8_t>> {
 protected:
  static RawPng Png(std::uint32_t width, std::uint32_t height) {
    RawPng png;
    png.width = width;
    png.height = height;
    std::tie(png.colour_type, png.bits) = GetParam();
    if (png.colour_type == 3) png.palette = Colours(std::size_t{1} << png.bits);
    return png;
  }
  static Bytes Written(RawPng png, unsigned filters, unsigned seed) {
    png.stream = Deflated(MakeRaster(png, filters, seed));
    return AssemblePng(png);
  }
};

TEST_P(FastPngOf, IsReadAsLibpngReadsIt) {
  for (const std::uint32_t width : {1u, 2u, 3u, 7u, 9u, 33u, 100u, 257u})
    for (const std::uint32_t height : {1u, 2u, 15u, 16u, 17u, 40u}) {
      SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height));
      ExpectSame(Written(Png(width, height), 5, width * height));
    }
}

TEST_P(FastPngOf, IsReadAcrossWindowsAndChunks) {
  RawPng png = Png(2000, 100);
  for (const std::size_t in_chunk : {1000000u, 8192u, 97u, 1u}) {
    png.in_chunk = in_chunk;
    if (in_chunk < 100) png.width = 50;
    ExpectSame(Written(png, 5, 1));
  }
}

TEST_P(FastPngOf, HasOnlyFiltersThatExist) {
  EXPECT_FALSE(ReadPlain(Written(Png(20, 40), 7, 1)));
}

std::vector<std::tuple<std::uint8_t, std::uint8_t>> LegalTypes() {
  return {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
          {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
}
std::string NameOf(const ::testing::TestParamInfo<FastPngOf::ParamType>& type) {
  return "Type" + std::to_string(std::get<0>(type.param)) + "Bits" +
         std::to_string(std::get<1>(type.param));
}
INSTANTIATE_TEST_SUITE_P(Types, FastPngOf, ::testing::ValuesIn(LegalTypes()),
                         NameOf);

RawPng PlainGrey() {
  RawPng png;
  png.width = 100;
  png.height = 50;
  png.stream = Deflated(MakeRaster(png, 5, 1));
  return png;
}

RawPng PlainPalette() {
  RawPng png;
  png.colour_type = 3;
  png.bits = 4;
  png.width = 100;
  png.height = 50;
  png.palette = Colours(16);
  png.stream = Deflated(MakeRaster(png, 1, 1));
  return png;
}

TEST(FastPng, PalettesMayBeTransparent) {
  RawPng png = PlainPalette();
  png.transparency = {0, 255, 128, 3};
  ExpectSame(AssemblePng(png));
}

TEST(FastPng, ColourBehindThePaletteIsHandedOver) {
  RawPng png = PlainPalette();
  png.palette = Colours(15);
  EXPECT_FALSE(ReadPlain(AssemblePng(png)));
}

TEST(FastPng, TransparentColourIsHandedOver) {
  RawPng png = PlainGrey();
  png.transparency = {0, 7};
  EXPECT_FALSE(ReadPlain(AssemblePng(png)));
  EXPECT_TRUE(ReadByLibpng(AssemblePng(png)));
}

TEST(FastPng, TextBehindTheDataIsNoMatter) {
  RawPng png = PlainGrey();
  png.tail = MakeChunk("tEXt", Bytes{'a', 0, 'b'});
  ExpectSame(AssemblePng(png));
}

TEST(FastPng, UnknownChunkBehindTheDataIsHandedOver) {
  RawPng png = PlainGrey();
  png.tail = MakeChunk("PLTE", Colours(1));
  EXPECT_FALSE(ReadPlain(AssemblePng(png)));
}

TEST(FastPng, EachFlippedBitIsHandedOver) {
  const Bytes good = AssemblePng(PlainGrey());
  ASSERT_TRUE(ReadPlain(good));
  for (std::size_t at = 33; at < good.size(); at += 7) {
    Bytes bad = good;
    bad[at] ^= 4;
    EXPECT_FALSE(ReadPlain(bad)) << at;
  }
}

TEST(FastPng, EachCutIsHandedOver) {
  const Bytes good = AssemblePng(PlainGrey());
  for (std::size_t size = 33; size < good.size(); size += 5)
    EXPECT_FALSE(ReadPlain(ByteSpan(good).first(size))) << size;
}

TEST(FastPng, WrongSumOfTheStreamIsHandedOver) {
  RawPng png = PlainGrey();
  png.stream.back() ^= 1;
  EXPECT_FALSE(ReadPlain(AssemblePng(png)));
}

TEST(FastPng, MoreOrLessDataThanRowsIsHandedOver) {
  for (const std::uint32_t height : {49u, 51u}) {
    RawPng png = PlainGrey();
    png.height = height;
    EXPECT_FALSE(ReadPlain(AssemblePng(png))) << height;
  }
  RawPng png = PlainGrey();
  png.stream.push_back(0);
  EXPECT_FALSE(ReadPlain(AssemblePng(png)));
}

TEST(FastPng, StreamWithAWindowThatIsTooSmallIsHandedOver) {
  RawPng png = PlainGrey();
  png.stream[0] = 0x18;  // claims a window of 512 bytes
  png.stream[1] = 0x19;
  ASSERT_EQ((png.stream[0] << 8 | png.stream[1]) % 31, 0);
  EXPECT_FALSE(ReadPlain(AssemblePng(png)));
}

std::vector<fs::path> CorpusFiles() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  const fs::path folder =
      named != nullptr ? fs::path(named)
                       : fs::path(THUMBMILL_SOURCE) / ".." / "shared/corpus";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().string().find("png") != std::string::npos &&
        entry.is_regular_file() && entry.file_size() < 4 << 20)
      files.push_back(entry.path());
  return files;
}

TEST(Corpus, PngsAreReadAsLibpngReadsThemOrHandedOver) {
  int own = 0;
  for (const fs::path& file : CorpusFiles()) {
    std::ifstream in(file, std::ios::binary);
    const Bytes png{std::istreambuf_iterator<char>(in), {}};
    if (PeekHeader(png).value_or(ImageHeader()).width > 10000) continue;
    const auto ours = ReadPlain(png);
    if (!ours) continue;
    ++own;
    SCOPED_TRACE(file);
    ExpectSame(ours, png);
  }
  EXPECT_GT(own, 100);
}

}  // namespace
}  // namespace thumbmill
