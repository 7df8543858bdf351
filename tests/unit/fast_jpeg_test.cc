// Links: tm_image tm_pictures
#include "worker/image/codec/fast_jpeg.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

#include "tests/tools/jpeg_planes.h"
#include "tests/tools/pictures.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::JpegOptions;
using testing::Kind;
using testing::LargestDifference;
using testing::MakePicture;
using testing::ReadPlanes;
using testing::ReadPlanesByLibjpeg;
using testing::WriteJpeg;

constexpr DecodeHint kFullSize{.width = 60000, .height = 60000};
constexpr DecodeHint kEighth{.width = 1, .height = 1};

struct Opened {
  Bytes bytes;
  DecodeWarnings warnings;
  std::unique_ptr<Decoder> decoder;
};

void Open(const Bytes& jpeg, Opened* opened, FailOn fail_on = FailOn::kError) {
  DecoderOptions options;
  options.fail_on = fail_on;
  opened->bytes = jpeg;
  auto decoder = OpenJpeg(opened->bytes, options, &opened->warnings);
  ASSERT_TRUE(decoder) << decoder.error().message;
  opened->decoder = std::move(*decoder);
}

// Returns the reader that gave all rows: "own", another name, or "none".
std::string ReaderOf(const Bytes& jpeg, const DecodeHint& hint,
                     FailOn fail_on = FailOn::kError) {
  Opened opened;
  Open(jpeg, &opened, fail_on);
  do {
    if (ReadPlanes(opened.decoder.get(), hint)) return opened.decoder->reader();
  } while (opened.decoder->CanFallBack());
  return "none";
}

void ExpectOwnReaderAgrees(const Bytes& jpeg, const DecodeHint& hint,
                           unsigned eighths) {
  Opened opened;
  Open(jpeg, &opened);
  const auto ours = ReadPlanes(opened.decoder.get(), hint);
  ASSERT_TRUE(ours);
  ASSERT_STREQ(opened.decoder->reader(), "own");
  const auto theirs = ReadPlanesByLibjpeg(jpeg, eighths);
  ASSERT_TRUE(theirs);
  EXPECT_LE(LargestDifference(*ours, *theirs), 1);
}

using Sampling = std::tuple<int, int, int, int>;  // h, v, channels, restart

class FastJpegOf : public ::testing::TestWithParam<Sampling> {
 protected:
  JpegOptions Options(bool progressive) const {
    const auto [h, v, channels, restart] = GetParam();
    return {.quality = 93,
            .h_samp = h,
            .v_samp = v,
            .progressive = progressive,
            .restart_rows = restart};
  }
  Bytes Jpeg(std::uint32_t width, std::uint32_t height, Kind kind,
             bool progressive) const {
    return WriteJpeg(
        MakePicture(kind, width, height, std::get<2>(GetParam()), 3),
        Options(progressive));
  }
};

TEST_P(FastJpegOf, FullSizeIsWithinALevelOfLibjpeg) {
  for (const Kind kind : {Kind::kPhoto, Kind::kNoise, Kind::kChecker})
    ExpectOwnReaderAgrees(Jpeg(203, 117, kind, false), kFullSize, 8);
}

TEST_P(FastJpegOf, EighthIsWithinALevelOfLibjpeg) {
  for (const Kind kind : {Kind::kPhoto, Kind::kNoise}) {
    const Bytes jpeg = Jpeg(333, 257, kind, false);
    // libjpeg scales halved chroma to twice the size at an eighth.
    Opened opened;
    Open(jpeg, &opened);
    auto ours = ReadPlanes(opened.decoder.get(), kEighth);
    auto theirs = ReadPlanesByLibjpeg(jpeg, 1);
    ASSERT_TRUE(ours && theirs);
    ASSERT_STREQ(opened.decoder->reader(), "own");
    ours->resize(1);
    theirs->resize(1);
    EXPECT_LE(LargestDifference(*ours, *theirs), 1);
  }
}

TEST_P(FastJpegOf, EighthOfAProgressivePictureEqualsThatOfASequentialOne) {
  const Bytes progressive = Jpeg(333, 257, Kind::kPhoto, true);
  const Bytes sequential = Jpeg(333, 257, Kind::kPhoto, false);
  Opened one, other;
  Open(progressive, &one);
  Open(sequential, &other);
  const auto a = ReadPlanes(one.decoder.get(), kEighth);
  const auto b = ReadPlanes(other.decoder.get(), kEighth);
  ASSERT_TRUE(a && b);
  ASSERT_STREQ(one.decoder->reader(), "own");
  EXPECT_EQ(LargestDifference(*a, *b), 0);
}

INSTANTIATE_TEST_SUITE_P(
    EverySampling, FastJpegOf,
    ::testing::Values(Sampling{1, 1, 3, 0}, Sampling{2, 2, 3, 0},
                      Sampling{2, 1, 3, 1}, Sampling{1, 2, 3, 0},
                      Sampling{1, 1, 1, 0}, Sampling{2, 2, 1, 1},
                      Sampling{1, 1, 4, 0}));

TEST(FastJpeg, ChromaIsTakenAtHalfWhereItWillBeHalved) {
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kPhoto, 800, 800, 3, 1),
                               {.h_samp = 1, .v_samp = 1});
  Opened opened;
  Open(jpeg, &opened);
  const auto planes =
      ReadPlanes(opened.decoder.get(),
                 {.width = 200, .height = 200, .halved_chroma = true});
  ASSERT_TRUE(planes);
  EXPECT_EQ((*planes)[0].width, 400u);
  EXPECT_EQ((*planes)[1].width, 200u);
}

TEST(FastJpeg, SkipsLongRunsOfCodes) {
  // Noise at quality 100 has no zeros, so blocks end without an end-of-block
  // code.
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kNoise, 160, 160, 3, 5),
                               {.quality = 100, .h_samp = 1, .v_samp = 1});
  EXPECT_EQ(ReaderOf(jpeg, kEighth), "own");
  EXPECT_EQ(ReaderOf(jpeg, kFullSize), "own");
}

TEST(FastJpeg, LeavesWhatIsNotPlainToTheLibrary) {
  const auto photo = MakePicture(Kind::kPhoto, 320, 320, 3, 2);
  EXPECT_EQ(ReaderOf(WriteJpeg(photo, {.arithmetic = true}), kEighth),
            "libjpeg-turbo");
  const Bytes progressive = WriteJpeg(photo, {.progressive = true});
  EXPECT_EQ(ReaderOf(progressive, kFullSize), "libjpeg-turbo");
  EXPECT_EQ(ReaderOf(progressive, kEighth), "own");
  // If any warning is a failure, the decoder must read all bytes.
  EXPECT_EQ(ReaderOf(progressive, kEighth, FailOn::kWarning), "libjpeg-turbo");
}

TEST(FastJpeg, DamageIsTheLibrarysToJudge) {
  const Bytes whole = WriteJpeg(MakePicture(Kind::kPhoto, 320, 320, 3, 2));
  Bytes cut(whole.begin(), whole.begin() + whole.size() / 2);
  EXPECT_EQ(ReaderOf(cut, kEighth), "none");
  EXPECT_EQ(ReaderOf(cut, kEighth, FailOn::kNone), "libjpeg-turbo");
  Bytes no_end(whole.begin(), whole.end() - 2);
  EXPECT_EQ(ReaderOf(no_end, kEighth), "libjpeg-turbo");
  Bytes longer = whole;
  longer.insert(longer.end() - 2, {0x12, 0x34, 0x56});
  EXPECT_EQ(ReaderOf(longer, kEighth), "libjpeg-turbo");
}

TEST(FastJpeg, ProgressiveWithoutItsEndIsLeftToTheLibrary) {
  const Bytes whole = WriteJpeg(MakePicture(Kind::kPhoto, 320, 320, 3, 2),
                                {.progressive = true});
  const Bytes no_end(whole.begin(), whole.end() - 2);
  EXPECT_EQ(ReaderOf(no_end, kEighth), "libjpeg-turbo");
  const Bytes cut(whole.begin(), whole.end() - 12);
  EXPECT_EQ(ReaderOf(cut, kEighth), "none");
}

// Returns the offset of the marker of the last scan.
std::size_t LastScan(const Bytes& jpeg) {
  std::size_t at = jpeg.size() - 2;
  while (jpeg[at] != 0xFF || jpeg[at + 1] != 0xDA) --at;
  return at;
}

// Largest root mean square difference in levels. A quarter of 1280 needs two of
// eight samples, and libjpeg gives two. The filter halves the difference later;
// see AddAcScans().
constexpr double kGapLevels = 2;
constexpr DecodeHint kQuarter{.width = 160, .height = 160};

TEST(ProgressiveJpeg, IsNotReadBeyondWhatWillBeSeen) {
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kPhoto, 1280, 1280, 3, 2),
                               {.quality = 80, .progressive = true});
  EXPECT_EQ(ReaderOf(jpeg, kQuarter), "libjpeg-turbo, stopped early");
  EXPECT_EQ(ReaderOf(jpeg, kQuarter, FailOn::kWarning), "libjpeg-turbo");
  Bytes other = jpeg;  // zero luma's lowest bits, which are not read
  for (std::size_t at = LastScan(jpeg) + 20; at < jpeg.size() - 2; ++at)
    other[at] = 0;
  Opened one, two;
  Open(jpeg, &one);
  Open(other, &two);
  const auto a = ReadPlanes(one.decoder.get(), kQuarter);
  const auto b = ReadPlanes(two.decoder.get(), kQuarter);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(LargestDifference(*a, *b), 0);
}

TEST(ProgressiveJpeg, QuarterIsReadByOurselvesFromTheFirstScans) {
  const auto photo = MakePicture(Kind::kPhoto, 1600, 1201, 3, 2);
  constexpr DecodeHint kHint{
      .width = 200, .height = 150, .halved_chroma = true};
  for (const bool separate : {false, true}) {
    Opened progressive, sequential;
    Open(WriteJpeg(photo, {.quality = 85,
                           .progressive = true,
                           .separate_dc = separate,
                           .restart_rows = separate ? 3 : 0}),
         &progressive);
    Open(WriteJpeg(photo, {.quality = 85}), &sequential);
    const auto ours = ReadPlanes(progressive.decoder.get(), kHint);
    const auto exact = ReadPlanes(sequential.decoder.get(), kHint);
    ASSERT_TRUE(ours && exact);
    ASSERT_STREQ(progressive.decoder->reader(), "own");
    double square = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_EQ((*ours)[i].samples.size(), (*exact)[i].samples.size());
      for (std::size_t at = 0; at < (*ours)[i].samples.size(); ++at)
        square += std::pow((*ours)[i].samples[at] - (*exact)[i].samples[at], 2);
      EXPECT_LT(
          std::sqrt(square / static_cast<double>((*ours)[i].samples.size())),
          kGapLevels);
      square = 0;
    }
  }
}

TEST(ProgressiveJpeg, DcScansOfOneComponentAreReadExactly) {
  const auto photo = MakePicture(Kind::kPhoto, 333, 257, 3, 3);
  for (const int h : {1, 2}) {
    Opened one, other;
    Open(WriteJpeg(photo, {.h_samp = h,
                           .v_samp = h,
                           .progressive = true,
                           .separate_dc = true,
                           .restart_rows = 1}),
         &one);
    Open(WriteJpeg(photo, {.h_samp = h, .v_samp = h}), &other);
    const auto a = ReadPlanes(one.decoder.get(), kEighth);
    const auto b = ReadPlanes(other.decoder.get(), kEighth);
    ASSERT_TRUE(a && b);
    ASSERT_STREQ(one.decoder->reader(), "own");
    EXPECT_EQ(LargestDifference(*a, *b), 0);
  }
}

TEST(ProgressiveJpeg, IsReadToTheLastBitWhereThatIsSeen) {
  // Quantisation steps of 16 and more leave whole levels unknown.
  const Bytes coarse = WriteJpeg(MakePicture(Kind::kPhoto, 320, 320, 3, 2),
                                 {.quality = 30, .progressive = true});
  EXPECT_EQ(ReaderOf(coarse, kFullSize), "libjpeg-turbo");
}

TEST(ProgressiveJpeg, WithoutOneOfItsScansIsReadByOurselvesAllTheSame) {
  Bytes jpeg = WriteJpeg(MakePicture(Kind::kPhoto, 320, 320, 3, 2),
                         {.progressive = true});
  jpeg.erase(jpeg.begin() + static_cast<std::ptrdiff_t>(LastScan(jpeg)),
             jpeg.end() - 2);
  EXPECT_EQ(ReaderOf(jpeg, kEighth), "own");
}

}  // namespace
}  // namespace thumbmill
