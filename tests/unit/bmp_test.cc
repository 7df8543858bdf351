// Links: tm_image tm_recipe tm_pictures
//
// Tests BMP as input of the Thumbnailer.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/tools/raw_bmp.h"
#include "tests/unit/full_size.h"
#include "worker/image/header/bmp_layout.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::AppendLittle;
using testing::AssembleBmp;
using testing::Bytes;
using testing::CodeRuns;
using testing::FullSize;
using testing::Kind;
using testing::Made;
using testing::Make;
using testing::MakeBmp;
using testing::MakePicture;
using testing::Picture;
using testing::Pixels;
using testing::RawBmp;
using testing::StoredInBmp;

Reason ReasonOf(const RawBmp& bmp, const Recipe& recipe = FullSize()) {
  return Make(AssembleBmp(bmp), recipe).outcome.reason;
}

// Expects the samples that MakeBmp() has stored. Grey palettes give one
// channel.
void ExpectSame(const Picture& bmp, const Picture& source, std::uint16_t bits) {
  ASSERT_EQ(bmp.width, source.width);
  ASSERT_EQ(bmp.height, source.height);
  for (std::uint32_t y = 0; y < source.height; ++y)
    for (std::uint32_t x = 0; x < source.width; ++x)
      for (int c = 0; c < bmp.channels; ++c)
        ASSERT_EQ(bmp.At(x, y, c), StoredInBmp(source, bits, x, y, c))
            << x << "," << y << " channel " << c;
}

// A grey palette of 16 entries, each 17 brighter than the one before.
RawBmp Greys(std::uint32_t width, std::uint32_t height, std::uint32_t coding) {
  RawBmp bmp;
  bmp.width = width;
  bmp.height = height;
  bmp.bits = coding == 2 ? 4 : 8;
  bmp.compression = coding;
  bmp.colours = 16;
  for (std::uint32_t i = 0; i < 16; ++i)
    AppendLittle(i * 0x111111, 4, &bmp.behind);
  return bmp;
}

class BmpOfBits : public ::testing::TestWithParam<std::uint16_t> {};

TEST_P(BmpOfBits, GivesTheSamplesThatItHolds) {
  for (const std::uint32_t width : {1u, 7u, 8u, 61u}) {
    const Picture photo = MakePicture(Kind::kPhoto, width, 43, 3, 1);
    for (const bool top_down : {false, true}) {
      const Picture bmp =
          Pixels(AssembleBmp(MakeBmp(photo, GetParam(), top_down)));
      ASSERT_EQ(bmp.channels, GetParam() < 8 ? 1 : 3);
      ExpectSame(bmp, photo, GetParam());
    }
  }
}

TEST_P(BmpOfBits, MayLackThePaddingOfItsLastRow) {
  const Picture photo = MakePicture(Kind::kPhoto, 7, 3, 3, 1);
  RawBmp bmp = MakeBmp(photo, GetParam());
  const std::size_t padding = (4 - (7 * GetParam() + 7) / 8 % 4) % 4;
  bmp.data.resize(bmp.data.size() - padding);
  ExpectSame(Pixels(AssembleBmp(bmp)), photo, GetParam());
  bmp.data.pop_back();
  EXPECT_EQ(ReasonOf(bmp), Reason::kTruncated);
}

INSTANTIATE_TEST_SUITE_P(Depths, BmpOfBits,
                         ::testing::Values(1, 2, 4, 8, 16, 24, 32));

TEST(Bmp, RunsGiveTheSameAsRows) {
  for (const Kind kind : {Kind::kPhoto, Kind::kChecker, Kind::kNoise})
    for (const std::uint16_t bits : {std::uint16_t{4}, std::uint16_t{8}})
      for (const bool top_down : {false, true}) {
        const Picture picture = MakePicture(kind, 301, 40, 3, 1);
        RawBmp bmp = MakeBmp(picture, bits, top_down);
        CodeRuns(&bmp);
        const Picture made = Pixels(AssembleBmp(bmp));
        ASSERT_EQ(made.channels, bits == 4 ? 1 : 3);
        ExpectSame(made, picture, bits);
      }
}

// The codes of the format's description at Microsoft, with their pixels.
TEST(Bmp, ReadsEachCodeAsItsDescriptionSays) {
  RawBmp bmp = Greys(8, 5, 1);
  bmp.data = {3, 4, 5, 6, 0, 3, 4, 5, 6, 0,  2, 7,
              0, 2, 5, 1, 2, 7, 0, 0, 9, 14, 0, 1};
  bmp.width = 20;
  const Picture made = Pixels(AssembleBmp(bmp));
  ASSERT_EQ(made.channels, 2);
  const auto row = [&](std::uint32_t y) {
    std::vector<int> indices;
    for (std::uint32_t x = 0; x < 20; ++x)
      indices.push_back(made.At(x, y, 1) == 0 ? -1 : made.At(x, y, 0) / 17);
    return indices;
  };
  EXPECT_EQ(row(4), (std::vector<int>{4, 4, 4, 6,  6,  6,  6,  6,  4,  5,
                                      6, 7, 7, -1, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(row(3), (std::vector<int>{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                      -1, -1, -1, -1, -1, -1, -1, -1, 7,  7}));
  EXPECT_EQ(row(2), (std::vector<int>{14, 14, 14, 14, 14, 14, 14, 14, 14, -1,
                                      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(row(1), std::vector<int>(20, -1));
}

TEST(Bmp, HalvesOfABytesTakeTurnsInARun) {
  RawBmp bmp = Greys(7, 1, 2);
  bmp.data = {3, 0x04, 0, 3, 0x45, 0x60, 1, 0x78, 0, 1};
  const Picture made = Pixels(AssembleBmp(bmp));
  ASSERT_EQ(made.channels, 1);
  const Bytes expected = {0, 4 * 17, 0, 4 * 17, 5 * 17, 6 * 17, 7 * 17};
  EXPECT_EQ(made.samples, expected);
}

TEST(Bmp, RunsBeyondTheRowAreCut) {
  RawBmp bmp = Greys(4, 2, 1);
  bmp.data = {9, 1, 0, 0, 4, 2, 0, 1};
  const Picture made = Pixels(AssembleBmp(bmp));
  EXPECT_EQ(made.samples, (Bytes{34, 34, 34, 34, 17, 17, 17, 17}));
}

TEST(Bmp, CodesThatLeaveThePictureAreDamage) {
  RawBmp bmp = Greys(4, 2, 1);
  bmp.data = {0, 5, 1, 2, 3, 4, 5, 0, 0, 1};  // a list of five
  EXPECT_EQ(ReasonOf(bmp), Reason::kCorrupt);
  bmp.data = {0, 2, 5, 0, 0, 1};  // five to the right
  EXPECT_EQ(ReasonOf(bmp), Reason::kCorrupt);
  bmp.data = {0, 2, 0, 2, 0, 1};  // two rows up
  EXPECT_EQ(ReasonOf(bmp), Reason::kCorrupt);
}

TEST(Bmp, CodesThatEndEarlyAreCutOff) {
  RawBmp bmp = Greys(4, 2, 1);
  const Bytes whole = {4, 1, 0, 0, 0, 4, 1, 2, 3, 4, 0, 1};
  for (std::size_t size = 0; size < whole.size(); ++size) {
    bmp.data.assign(whole.begin(),
                    whole.begin() + static_cast<std::ptrdiff_t>(size));
    // The last index ends the picture; the code for its end may be missing.
    EXPECT_EQ(ReasonOf(bmp), size < 10 ? Reason::kTruncated : Reason::kNone)
        << size;
  }
}

TEST(Bmp, RowsBeforeAFaultCanBeShown) {
  RawBmp bmp = Greys(4, 3, 1);
  bmp.data = {4, 1, 0, 0, 4, 2, 0, 0, 0, 9};
  Recipe recipe = FullSize();
  recipe.fail_on = FailOn::kNone;
  const Picture made = Pixels(AssembleBmp(bmp), recipe);
  ASSERT_EQ(made.channels, 2);
  EXPECT_EQ(made.At(0, 0, 1), 0);
  EXPECT_EQ(made.At(3, 1, 0), 34);
  EXPECT_EQ(made.At(3, 2, 0), 17);
}

TEST(Bmp, RowsThatTheFileLacksAreEmpty) {
  const Picture photo = MakePicture(Kind::kPhoto, 5, 4, 3, 1);
  RawBmp bmp = MakeBmp(photo, 24);
  bmp.data.resize(bmp.data.size() - 18);  // the top row and a byte of the next
  Recipe recipe = FullSize();
  recipe.fail_on = FailOn::kNone;
  const Picture made = Pixels(AssembleBmp(bmp), recipe);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(made.At(2, 0, c), 0);
    EXPECT_EQ(made.At(2, 1, c), 0);
    EXPECT_EQ(made.At(2, 2, c), photo.At(2, 2, c));
  }
}

TEST(Bmp, AlphaCountsWhereThereIsAMask) {
  Picture photo = MakePicture(Kind::kPhoto, 20, 10, 4, 1);
  for (std::size_t i = 3; i < photo.samples.size(); i += 4)
    photo.samples[i] = i % 8 == 3 ? 255 : 0;
  RawBmp bmp = MakeBmp(photo, 32);
  const Picture made = Pixels(AssembleBmp(bmp));
  ASSERT_EQ(made.channels, 4);
  for (std::uint32_t x = 0; x < 20; ++x) {
    EXPECT_EQ(made.At(x, 5, 3), photo.At(x, 5, 3));
    if (photo.At(x, 5, 3) != 255) continue;
    EXPECT_EQ(made.At(x, 5, 0), photo.At(x, 5, 0));
  }
  // The same bytes under a header without masks.
  bmp.header = 40;
  bmp.compression = 0;
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).channels, 3);
}

TEST(Bmp, AlphaThatIsTheSameEverywhereIsNone) {
  Picture photo = MakePicture(Kind::kPhoto, 20, 10, 4, 1);
  for (const int alpha : {0, 255}) {
    for (std::size_t i = 3; i < photo.samples.size(); i += 4)
      photo.samples[i] = static_cast<std::uint8_t>(alpha);
    const Picture made = Pixels(AssembleBmp(MakeBmp(photo, 32)));
    ASSERT_EQ(made.channels, 3) << alpha;
    ExpectSame(made, photo, 32);
  }
}

TEST(Bmp, MasksPlaceEachChannel) {
  RawBmp bmp;
  bmp.bits = 16;
  bmp.compression = 3;
  for (const std::uint32_t mask : {0xF800u, 0x07E0u, 0x001Fu})
    AppendLittle(mask, 4, &bmp.behind);
  AppendLittle(0x0C << 11 | 0x15 << 5 | 0x1F, 4, &bmp.data);
  // Rounded from 5, 6 and 5 bits, as in Chromium's table.
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, (Bytes{99, 85, 255}));
  bmp.bits = 32;
  bmp.behind.clear();
  for (const std::uint32_t mask : {0x3FF00000u, 0x000FFC00u, 0x000003FFu})
    AppendLittle(mask, 4, &bmp.behind);
  bmp.data.clear();
  AppendLittle(0x3FCu << 20 | 0x200u << 10 | 0x003, 4, &bmp.data);
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, (Bytes{255, 128, 0}));
}

TEST(Bmp, MasksMustBeRunsThatShareNoBit) {
  const auto reason = [](std::uint32_t red, std::uint32_t green) {
    RawBmp bmp;
    bmp.bits = 32;
    bmp.compression = 3;
    for (const std::uint32_t mask : {red, green, 0xFFu})
      AppendLittle(mask, 4, &bmp.behind);
    bmp.data.resize(4);
    return ReasonOf(bmp);
  };
  EXPECT_EQ(reason(0xFF0000, 0xFF00), Reason::kNone);
  EXPECT_EQ(reason(0, 0xFF00), Reason::kNone);  // no red at all
  EXPECT_EQ(reason(0xFF0000, 0xFF80), Reason::kCorrupt);
  EXPECT_EQ(reason(0xF70000, 0xFF00), Reason::kCorrupt);
}

TEST(Bmp, ReadsTheHeadersOfOs2) {
  RawBmp bmp;
  bmp.header = 12;
  bmp.width = bmp.height = 2;
  bmp.bits = 1;
  bmp.behind = {0, 0, 255, 255, 0, 0};  // red, blue
  bmp.data = {0x40, 0, 0, 0, 0x80, 0, 0, 0};
  const Bytes expected = {0, 0, 255, 255, 0, 0, 255, 0, 0, 0, 0, 255};
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, expected);
  bmp.header = 64;
  bmp.behind = {0, 0, 255, 0, 255, 0, 0, 0};
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, expected);
}

TEST(Bmp, IndicesBeyondThePaletteAreBlack) {
  RawBmp bmp = Greys(4, 1, 0);
  bmp.data = {3, 15, 16, 255};
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, (Bytes{51, 255, 0, 0}));
  // The data follow the palette, which has fewer colours than it should.
  bmp.colours = 0;
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, (Bytes{51, 255, 0, 0}));
}

TEST(Bmp, DataWithoutAPlaceFollowThePalette) {
  RawBmp bmp = Greys(4, 1, 0);
  bmp.data = {1, 2, 3, 4};
  bmp.names_data = false;
  EXPECT_EQ(Pixels(AssembleBmp(bmp)).samples, (Bytes{17, 34, 51, 68}));
}

TEST(Bmp, OtherKindsAreNotSupported) {
  const Picture photo = MakePicture(Kind::kPhoto, 8, 8, 3, 1);
  const auto reason = [&](std::uint32_t compression, std::uint16_t bits) {
    RawBmp bmp = MakeBmp(photo, 24);
    bmp.compression = compression;
    bmp.bits = bits;
    return ReasonOf(bmp);
  };
  EXPECT_EQ(reason(3, 1), Reason::kUnsupported);   // Huffman codes of OS/2
  EXPECT_EQ(reason(4, 24), Reason::kUnsupported);  // runs of 24 bits of OS/2
  EXPECT_EQ(reason(4, 0), Reason::kUnsupported);   // a JPEG
  EXPECT_EQ(reason(5, 0), Reason::kUnsupported);   // a PNG
  EXPECT_EQ(reason(11, 24), Reason::kUnsupported);
  EXPECT_EQ(reason(0, 64), Reason::kUnsupported);
  EXPECT_EQ(reason(0, 3), Reason::kCorrupt);
  EXPECT_EQ(reason(0, 0), Reason::kCorrupt);
  EXPECT_EQ(reason(1, 24), Reason::kCorrupt);
  EXPECT_EQ(reason(3, 24), Reason::kCorrupt);
  RawBmp bmp = MakeBmp(photo, 24);
  bmp.header = 66;
  EXPECT_EQ(ReasonOf(bmp), Reason::kUnsupported);
}

TEST(Bmp, SidesAreCheckedBeforeAnythingIsAllocated) {
  RawBmp bmp;
  for (const std::uint32_t side : {0u, 0x80000000u}) {
    bmp.width = side;
    bmp.height = 5;
    EXPECT_EQ(ReasonOf(bmp), Reason::kCorrupt) << side;
    std::swap(bmp.width, bmp.height);
    EXPECT_EQ(ReasonOf(bmp), Reason::kCorrupt) << side;
  }
  bmp.width = bmp.height = 0x7FFFFFFF;
  EXPECT_EQ(ReasonOf(bmp), Reason::kTooManyPixels);
  bmp.width = 1;
  bmp.height = 65536;
  bmp.bits = 8;
  bmp.compression = 1;
  bmp.behind.resize(1024);
  EXPECT_EQ(ReasonOf(bmp), Reason::kUnsupported);
}

TEST(Bmp, EachCutOfTheHeaderIsTruncated) {
  RawBmp bmp = MakeBmp(MakePicture(Kind::kPhoto, 4, 3, 3, 1), 8);
  const Bytes whole = AssembleBmp(bmp);
  for (std::size_t size = 18; size < whole.size(); ++size) {
    const Made made = Make(ByteSpan(whole).first(size), FullSize());
    EXPECT_EQ(made.outcome.reason, Reason::kTruncated) << size;
  }
}

TEST(Bmp, AnEmbeddedProfileCounts) {
  const Picture photo = MakePicture(Kind::kPhoto, 16, 16, 3, 1);
  RawBmp bmp = MakeBmp(photo, 24);
  const Picture plain = Pixels(AssembleBmp(bmp));
  bmp.header = 124;
  AppendLittle(0, 4, &bmp.more);
  AppendLittle(0, 4, &bmp.more);
  AppendLittle(0, 4, &bmp.more);
  AppendLittle(0, 4, &bmp.more);
  AppendLittle(0x4D424544, 4, &bmp.more);  // "MBED"
  bmp.profile = testing::DisplayP3Profile();
  EXPECT_NE(Pixels(AssembleBmp(bmp)).samples, plain.samples);
  // One that is none is a warning, and the picture counts as sRGB.
  bmp.profile.assign(200, 7);
  const Made made = Make(AssembleBmp(bmp), FullSize());
  ASSERT_TRUE(made.outcome.ok());
  EXPECT_EQ(made.outcome.warnings.size(), 1u);
}

// Makes a header of 108 bytes that gives the colours by numbers.
RawBmp Calibrated(std::initializer_list<double> primaries, double gamma) {
  RawBmp bmp;
  bmp.header = 108;
  bmp.data = {10, 128, 200, 0};
  for (int i = 0; i < 5; ++i) AppendLittle(0, 4, &bmp.more);
  for (const double value : primaries)
    AppendLittle(static_cast<std::uint32_t>(value * (1 << 30)), 4, &bmp.more);
  for (int i = 0; i < 3; ++i)
    AppendLittle(static_cast<std::uint32_t>(gamma * 65536), 4, &bmp.more);
  return bmp;
}

TEST(Bmp, ColoursGivenByNumbersCount) {
  const RawBmp srgb = Calibrated({.64, .33, 0, .3, .6, 0, .15, .06, 0}, 2.2);
  const Bytes as_srgb = Pixels(AssembleBmp(srgb)).samples;
  EXPECT_NEAR(as_srgb[0], 200, 1);
  EXPECT_NEAR(as_srgb[1], 128, 1);
  const RawBmp dark = Calibrated({.64, .33, 0, .3, .6, 0, .15, .06, 0}, 1.0);
  // 128 of 255 in linear light is 188 in sRGB.
  EXPECT_NEAR(Pixels(AssembleBmp(dark)).samples[1], 188, 1);
  const RawBmp none = Calibrated({0, 0, 0, 0, 0, 0, 0, 0, 0}, 0);
  EXPECT_EQ(Pixels(AssembleBmp(none)).samples, (Bytes{200, 128, 10}));
}

TEST(PeekBmp, GivesTheFactsOfTheHeader) {
  const auto header = PeekHeader(
      AssembleBmp(MakeBmp(MakePicture(Kind::kPhoto, 9, 7, 3, 1), 24)));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->format, ImageFormat::kBmp);
  EXPECT_EQ(header->width, 9u);
  EXPECT_EQ(header->height, 7u);
  EXPECT_EQ(header->components, 3);
}

TEST(SniffBmp, TextIsNoBmp) {
  EXPECT_FALSE(SniffBmp(AsBytes("BMW builds cars and motorcycles")));
  EXPECT_FALSE(SniffBmp(AsBytes("BM")));
}

TEST(Bmp, BecomesAJpegOrAPngWithAlpha) {
  Recipe recipe = FullSize();
  recipe.format = ImageFormat::kUnknown;
  Picture photo = MakePicture(Kind::kPhoto, 20, 10, 4, 1);
  photo.samples[3] = 0;
  photo.samples[7] = 100;
  const Made alpha = Make(AssembleBmp(MakeBmp(photo, 32)), recipe);
  EXPECT_EQ(alpha.outcome.source_format, ImageFormat::kBmp);
  EXPECT_EQ(alpha.outcome.output_format, ImageFormat::kPng);
  const Made plain = Make(AssembleBmp(MakeBmp(photo, 24)), recipe);
  EXPECT_EQ(plain.outcome.output_format, ImageFormat::kJpeg);
}

}  // namespace
}  // namespace thumbmill
