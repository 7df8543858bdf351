// Links: tm_image tm_recipe tm_pictures
//
// Tests JPEGs that libjpeg warns about. Only a fault that may cost a sample, or
// make it wrong, is damage.
#include "worker/image/codec/jpeg_warnings.h"

#include <gtest/gtest.h>

#include <cstdio>
// jpeglib.h needs stdio.h before it, and jerror.h needs jpeglib.h.
#include <jpeglib.h>
//
#include <jerror.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::JpegOptions;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;
using testing::Psnr;
using testing::ReadJpeg;
using testing::ReadPng;
using testing::WriteJpeg;

struct Made {
  Outcome outcome;
  Picture picture;  // 0x0 if refused
};

// Makes a PNG. Size 25x decodes an eighth of Photo(), 200x every sample.
Made Make(ByteSpan jpeg, std::string_view size = "200x",
          FailOn fail_on = FailOn::kError) {
  Recipe recipe;
  recipe.sizes.push_back(*ParseSize(size, Fit::kInside));
  recipe.format = ImageFormat::kPng;
  recipe.fail_on = fail_on;
  Bytes output(1 << 20);
  Made made;
  made.outcome = Thumbnailer(recipe).Run(jpeg, 1, output);
  if (made.outcome.ok())
    made.picture = ReadPng(
        ByteSpan(output).first(made.outcome.thumbnails[0].bytes.length));
  return made;
}

const Picture& Photo() {
  static const Picture photo = MakePicture(Kind::kPhoto, 200, 152, 3, 5);
  return photo;
}

// Returns the offsets of the scan markers, and of the bytes after the last
// scan.
std::vector<std::size_t> ScanOffsets(const Bytes& jpeg) {
  std::vector<std::size_t> offsets;
  const JpegLayout layout = WalkJpeg(jpeg);
  for (const JpegScan& scan :
       WalkJpegScans(jpeg, layout.first_scan, 0, 99).scans)
    offsets.push_back(scan.data - 8 - 2 * (scan.components.size() - 1) - 2);
  offsets.push_back(jpeg.size() - 2);
  return offsets;
}

// Returns the offset of the tables before a scan.
std::size_t WithTables(const Bytes& jpeg, std::size_t scan) {
  const JpegLayout layout = WalkJpeg(jpeg);
  const auto scans = WalkJpegScans(jpeg, layout.first_scan, 0, 99).scans;
  return scan == 0 ? layout.first_scan : scans[scan - 1].data_end;
}

Bytes WithScanTwice(const Bytes& jpeg, std::size_t scan) {
  const std::size_t begin = WithTables(jpeg, scan);
  const auto scans =
      WalkJpegScans(jpeg, WalkJpeg(jpeg).first_scan, 0, 99).scans;
  const Bytes again(
      jpeg.begin() + static_cast<std::ptrdiff_t>(begin),
      jpeg.begin() + static_cast<std::ptrdiff_t>(scans[scan].data_end));
  Bytes twice = jpeg;
  twice.insert(
      twice.begin() + static_cast<std::ptrdiff_t>(scans[scan].data_end),
      again.begin(), again.end());
  return twice;
}

Bytes WithScans(const Bytes& jpeg, std::size_t count, bool ends = true) {
  const auto scans =
      WalkJpegScans(jpeg, WalkJpeg(jpeg).first_scan, 0, 99).scans;
  Bytes fewer(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(
                                               scans[count - 1].data_end));
  if (ends) fewer.insert(fewer.end(), {0xFF, 0xD9});
  return fewer;
}

Bytes WithoutEnd(const Bytes& jpeg, std::size_t more = 0) {
  return {jpeg.begin(), jpeg.end() - 2 - static_cast<std::ptrdiff_t>(more)};
}

int LargestDifference(const Picture& a, const Picture& b) {
  if (a.samples.size() != b.samples.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i)
    largest = std::max(largest, std::abs(a.samples[i] - b.samples[i]));
  return largest;
}

// Our reader may read one picture and libjpeg the other, which round
// differently.
constexpr int kRounding = 3;

void ExpectSamePicture(const Bytes& odd, const Bytes& plain,
                       const std::string& what) {
  for (const char* size : {"25x", "200x"}) {
    const Made a = Make(odd, size), b = Make(plain, size);
    EXPECT_TRUE(a.outcome.ok()) << what << ": " << a.outcome.message;
    EXPECT_LE(LargestDifference(a.picture, b.picture), kRounding)
        << what << " at " << size;
  }
}

void ExpectSame(const Bytes& odd, const Bytes& plain, const std::string& what) {
  ExpectSamePicture(odd, plain, what);
  EXPECT_FALSE(Make(odd).outcome.warnings.empty()) << what;
  EXPECT_EQ(Make(odd, "200x", FailOn::kWarning).outcome.reason,
            Reason::kCorrupt)
      << what;
}

TEST(JpegWarnings, NumbersOfASequentialScanChangeNothing) {
  for (const bool arithmetic : {false, true}) {
    const Bytes plain = WriteJpeg(Photo(), {.arithmetic = arithmetic});
    const std::size_t data =
        WalkJpegScans(plain, WalkJpeg(plain).first_scan, 0, 9).scans[0].data;
    for (const Bytes& numbers :
         {Bytes{0, 63, 0x01}, Bytes{0, 63, 0x10}, Bytes{1, 63, 0},
          Bytes{0, 0, 0}, Bytes{0, 62, 0}, Bytes{63, 0, 0xFF}}) {
      Bytes odd = plain;
      std::ranges::copy(numbers,
                        odd.begin() + static_cast<std::ptrdiff_t>(data) - 3);
      // An arithmetic decoder ignores a last index beyond 63, too.
      ExpectSame(odd, plain,
                 "numbers " + std::to_string(numbers[0]) + " " +
                     std::to_string(numbers[1]) + " " +
                     std::to_string(numbers[2]));
    }
  }
}

TEST(JpegWarnings, AScanMayComeTwiceWhereItBringsTheSame) {
  for (const bool arithmetic : {false, true})
    for (const bool separate : {false, true}) {
      const Bytes plain = WriteJpeg(Photo(), {.progressive = true,
                                              .separate_dc = separate,
                                              .arithmetic = arithmetic});
      const auto scans =
          WalkJpegScans(plain, WalkJpeg(plain).first_scan, 0, 99).scans;
      ASSERT_GT(scans.size(), 8u);
      if (arithmetic && separate) continue;
      int spoilt = 0;
      for (std::size_t i = 0; i < scans.size(); ++i) {
        const Bytes twice = WithScanTwice(plain, i);
        const bool spoils = scans[i].first != 0 && scans[i].high_bit != 0;
        // If all bits are known already, the decoder does not read the scan
        // again.
        if (spoils && !Make(twice).outcome.ok()) {
          EXPECT_EQ(Make(twice).outcome.reason, Reason::kCorrupt) << i;
          ++spoilt;
        } else {
          ExpectSamePicture(twice, plain, "scan " + std::to_string(i));
        }
        if (i == 0) ExpectSame(twice, plain, "the first scan");
      }
      EXPECT_GT(spoilt, 0);
    }
}

TEST(JpegWarnings, ACoarseScanAfterAFineOneIsDamage) {
  const Bytes plain = WriteJpeg(Photo(), {.progressive = true});
  const auto scans =
      WalkJpegScans(plain, WalkJpeg(plain).first_scan, 0, 99).scans;
  // Insert the first scan of luma's low AC coefficients again, after a
  // refinement.
  ASSERT_EQ(scans[5].high_bit, 2);
  const std::size_t first = WithTables(plain, 1);
  const Bytes again(
      plain.begin() + static_cast<std::ptrdiff_t>(first),
      plain.begin() + static_cast<std::ptrdiff_t>(scans[1].data_end));
  Bytes odd = plain;
  odd.insert(odd.begin() + static_cast<std::ptrdiff_t>(scans[5].data_end),
             again.begin(), again.end());
  EXPECT_EQ(Make(odd).outcome.reason, Reason::kCorrupt);
}

TEST(JpegWarnings, FewerScansThanThereMightBeAreACoarsePicture) {
  for (const bool arithmetic : {false, true}) {
    const Bytes whole =
        WriteJpeg(Photo(), {.progressive = true, .arithmetic = arithmetic});
    const std::size_t count = ScanOffsets(whole).size() - 1;
    for (std::size_t i = 1; i < count; ++i) {
      const Bytes coarse = WithScans(whole, i);
      for (const char* size : {"25x", "200x"})
        for (const FailOn fail_on : {FailOn::kError, FailOn::kWarning}) {
          const Made made = Make(coarse, size, fail_on);
          ASSERT_TRUE(made.outcome.ok()) << i << made.outcome.message;
          EXPECT_TRUE(made.outcome.warnings.empty()) << i;
        }
      // libjpeg smooths the blocks of an incomplete picture.
      EXPECT_GT(Psnr(Make(coarse).picture, ReadJpeg(coarse)), 36) << i;
    }
  }
}

TEST(JpegWarnings, AComponentWithoutAScanIsMissing) {
  const Bytes whole =
      WriteJpeg(Photo(), {.progressive = true, .separate_dc = true});
  for (const std::size_t count : {1, 2})
    EXPECT_EQ(Make(WithScans(whole, count)).outcome.reason, Reason::kTruncated);
  EXPECT_TRUE(Make(WithScans(whole, 3)).outcome.ok());
}

TEST(JpegWarnings, ScansThatAreMissingWithTheEndAreCutOff) {
  const Bytes whole = WriteJpeg(Photo(), {.progressive = true});
  for (const std::size_t count : {1, 4, 9})
    EXPECT_EQ(Make(WithScans(whole, count, false)).outcome.reason,
              Reason::kTruncated)
        << count;
}

TEST(JpegWarnings, AMissingEndMarkerCostsNothing) {
  for (const int restart_rows : {0, 1})
    for (const bool progressive : {false, true}) {
      const Bytes plain = WriteJpeg(
          Photo(), {.progressive = progressive, .restart_rows = restart_rows});
      const Bytes open = WithoutEnd(plain);
      ExpectSame(open, plain, "no end");
      EXPECT_EQ(Make(open).outcome.warnings,
                std::vector<std::string>{"the end marker is missing"});
      Bytes half = open;
      half.push_back(0xFF);
      ExpectSame(half, plain, "half an end");
      Bytes zeros = open;
      zeros.insert(zeros.end(), 100, 0);
      ExpectSame(zeros, plain, "zeros for an end");
    }
  const Bytes grey = WriteJpeg(MakePicture(Kind::kPhoto, 200, 152, 1, 5));
  ExpectSame(WithoutEnd(grey), grey, "grey");
}

// A single missing bit of a sample must be noticed.
TEST(JpegWarnings, NoFileIsDoneWhoseLastSamplesAreMissing) {
  for (const bool progressive : {false, true})
    for (const bool arithmetic : {false, true})
      for (const int restart_rows : {0, 1}) {
        const Bytes plain = WriteJpeg(MakePicture(Kind::kNoise, 64, 48, 3, 5),
                                      {.progressive = progressive,
                                       .arithmetic = arithmetic,
                                       .restart_rows = restart_rows});
        const Made whole = Make(plain);
        int refused = 0;
        for (std::size_t more = 0; more < 24; ++more) {
          const Made made = Make(WithoutEnd(plain, more));
          if (made.outcome.ok()) {
            EXPECT_LE(LargestDifference(made.picture, whole.picture), kRounding)
                << more;
          } else {
            ++refused;
            EXPECT_EQ(made.outcome.reason, Reason::kTruncated) << more;
          }
        }
        EXPECT_GE(refused, 22);
        EXPECT_FALSE(Make(WithoutEnd(plain, 3)).outcome.ok());
      }
}

// Such a file comes from a download into a file of the final size, or from two
// downloads into one file.
TEST(JpegWarnings, ACutThatIsFilledUpIsNoMissingEndMarker) {
  const Bytes other = WriteJpeg(MakePicture(Kind::kNoise, 200, 152, 3, 9));
  for (const bool progressive : {false, true})
    for (const bool arithmetic : {false, true})
      for (const Kind kind : {Kind::kPhoto, Kind::kGradient}) {
        const Bytes plain =
            WriteJpeg(MakePicture(kind, 200, 152, 3, 5),
                      {.progressive = progressive, .arithmetic = arithmetic});
        for (const std::size_t part : {40u, 60u, 80u, 99u}) {
          const auto end =
              plain.begin() + static_cast<long>(plain.size() * part / 100);
          for (const std::size_t zeros : {30u, 1000u, 100'000u}) {
            Bytes filled(plain.begin(), end);
            filled.insert(filled.end(), zeros, 0);
            EXPECT_FALSE(Make(filled).outcome.ok())
                << part << " % and " << zeros << " zeros";
          }
          Bytes mixed(plain.begin(), end);
          mixed.insert(mixed.end(), other.begin() + 700, other.end() - 2);
          EXPECT_FALSE(Make(mixed).outcome.ok()) << part;
          if (progressive) continue;  // is not read so far
          Bytes next(plain.begin(), end);
          next.insert(next.end(), 100'000, 0);
          next.insert(next.end(), other.begin(), other.end());
          EXPECT_FALSE(Make(next).outcome.ok()) << part;
        }
      }
}

// A picture with its end marker that lacks data is damaged, not cut off.
TEST(JpegWarnings, DataThatAreMissingBeforeTheEndMarkerAreDamage) {
  Bytes jpeg = WithoutEnd(WriteJpeg(Photo()), 50);
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  EXPECT_EQ(Make(jpeg).outcome.reason, Reason::kCorrupt);
}

TEST(JpegWarnings, SegmentsAfterTheLastSampleCostNothing) {
  const Bytes plain = WriteJpeg(Photo());
  const Bytes other = WriteJpeg(MakePicture(Kind::kNoise, 33, 33, 3, 1));
  Bytes two = WithoutEnd(plain);  // a picture replaces the end marker
  two.insert(two.end(), other.begin(), other.end());
  ExpectSame(two, plain, "two beginnings");
  Bytes scan_again = WithScanTwice(plain, 0);
  ExpectSame(scan_again, plain, "a sequential scan twice");
  Bytes table = WithoutEnd(plain);
  table.insert(table.end(), {0xFF, 0xDB, 0, 4, 0x1F, 0xFF, 0xFF, 0xD9});
  ExpectSame(table, plain, "a table that is none");
}

TEST(JpegWarnings, AHeightAfterTheDataIsNotSupported) {
  const Bytes plain = WriteJpeg(Photo());
  Bytes jpeg = WithoutEnd(plain);
  jpeg.insert(jpeg.end(), {0xFF, 0xDC, 0, 4, 0, 152, 0xFF, 0xD9});
  // The frame has the height too; DNL repeats it.
  const Made known = Make(jpeg);
  EXPECT_TRUE(known.outcome.ok()) << known.outcome.message;
  const std::string_view text = AsText(jpeg);
  const std::size_t frame = text.find(std::string_view("\xFF\xC0\0", 3));
  ASSERT_NE(frame, text.npos);
  jpeg[frame + 5] = jpeg[frame + 6] = 0;
  EXPECT_EQ(Make(jpeg).outcome.reason, Reason::kUnsupported);
  Bytes none = plain;
  none[frame + 5] = none[frame + 6] = 0;
  EXPECT_EQ(Make(none).outcome.reason, Reason::kCorrupt);
}

TEST(JpegWarnings, WhatFollowsTheEndMarkerIsNotLookedAt) {
  const Bytes plain = WriteJpeg(Photo());
  Bytes more = plain;
  more.insert(more.end(), plain.begin(), plain.end());
  const Made made = Make(more, "200x", FailOn::kWarning);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
}

TEST(JpegWarnings, EachWarningIsJudgedByWhatBecomesOfTheSamples) {
  const auto judge = [](int code, bool arithmetic, bool hit_end, bool order) {
    return SeverityOfJpegWarning(code, {arithmetic, hit_end, true, order});
  };
  for (const int code : {JWRN_ADOBE_XFORM, JWRN_EXTRANEOUS_DATA,
                         JWRN_JFIF_MAJOR, JWRN_NOT_SEQUENTIAL, JWRN_BOGUS_ICC})
    for (const bool end : {false, true})
      EXPECT_EQ(judge(code, false, end, true), Severity::kMinor) << code;
  for (const int code : {JWRN_ARITH_BAD_CODE, JWRN_HUFF_BAD_CODE,
                         JWRN_HIT_MARKER, JWRN_MUST_RESYNC}) {
    EXPECT_EQ(judge(code, false, false, true), Severity::kDamaged) << code;
    EXPECT_EQ(judge(code, false, true, true), Severity::kTruncated) << code;
  }
  EXPECT_EQ(judge(JWRN_JPEG_EOF, false, true, true), Severity::kMinor);
  EXPECT_EQ(judge(JWRN_JPEG_EOF, true, true, true), Severity::kTruncated);
  EXPECT_EQ(judge(JWRN_BOGUS_PROGRESSION, false, false, true),
            Severity::kMinor);
  EXPECT_EQ(judge(JWRN_BOGUS_PROGRESSION, false, false, false),
            Severity::kDamaged);
}

}  // namespace
}  // namespace thumbmill
