// Links: tm_image tm_recipe tm_pictures
//
// Tests AVIF as input of the Thumbnailer.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/tools/pictures.h"
#include "tests/unit/full_size.h"
#include "worker/image/header/avif_layout.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::AvifOptions;
using testing::Bytes;
using testing::FullSize;
using testing::Kind;
using testing::Made;
using testing::Make;
using testing::MakePicture;
using testing::Picture;
using testing::Pixels;
using testing::Psnr;
using testing::WriteAvif;

TEST(Avif, GivesTheColoursWhateverTheirCode) {
  const Picture photo = MakePicture(Kind::kPhoto, 64, 48, 3, 1);
  const int kBt709 = 1, kBt601 = 6, kBt2020 = 9, kSmpte240 = 7, kYcgco = 8;
  for (const int matrix : {kBt709, kBt601, kBt2020, kSmpte240, kYcgco})
    for (const bool limited : {false, true})
      for (const int bits : {8, 10, 12}) {
        if (matrix == kYcgco && limited) continue;
        const Bytes avif = WriteAvif(photo, {.bits = bits,
                                             .sampling = 444,
                                             .limited = limited,
                                             .matrix = matrix});
        EXPECT_GT(Psnr(Pixels(avif), photo), 37)
            << matrix << " " << limited << " " << bits;
      }
  // Matrix 0 stores RGB itself.
  EXPECT_GT(
      Psnr(Pixels(WriteAvif(photo, {.sampling = 444, .matrix = 0})), photo),
      37);
}

TEST(Avif, TakesEverySamplingAndOddSizes) {
  const Picture photo = MakePicture(Kind::kPhoto, 63, 47, 3, 1);
  for (const int sampling : {420, 422, 444})
    for (const int bits : {8, 10}) {
      const Bytes avif = WriteAvif(photo, {.bits = bits, .sampling = sampling});
      EXPECT_GT(Psnr(Pixels(avif), photo), 30) << sampling << " " << bits;
    }
}

TEST(Avif, OfGreyStaysGreyInEitherRange) {
  const Picture photo = MakePicture(Kind::kPhoto, 64, 48, 1, 1);
  for (const bool limited : {false, true})
    for (const int bits : {8, 10}) {
      const Picture grey = Pixels(WriteAvif(
          photo, {.bits = bits, .sampling = 400, .limited = limited}));
      ASSERT_EQ(grey.channels, 1);
      EXPECT_GT(Psnr(grey, photo), 36) << limited << " " << bits;
    }
}

TEST(Avif, AlphaComesThroughMultipliedOrNot) {
  Picture photo = MakePicture(Kind::kPhoto, 64, 48, 4, 1);
  for (std::size_t i = 3; i < photo.samples.size(); i += 4)
    photo.samples[i] = i / 4 % 64 < 32 ? 255 : 128;
  for (const bool premultiplied : {false, true})
    for (const int bits : {8, 10}) {
      const Picture back = Pixels(WriteAvif(
          photo,
          {.bits = bits, .sampling = 444, .premultiplied = premultiplied}));
      ASSERT_EQ(back.channels, 4);
      EXPECT_GT(Psnr(back, photo), 34) << premultiplied << " " << bits;
      EXPECT_NEAR(back.At(50, 20, 3), 128, 1);
    }
}

// Checks the orientation by the corners: in the upright picture red rises to
// the right and green downwards.
void ExpectLies(const Picture& p, const Picture& upright, int orientation) {
  const bool swapped = orientation >= 5;
  ASSERT_EQ(p.width, swapped ? upright.height : upright.width);
  const std::uint32_t w = p.width - 1, h = p.height - 1;
  // Orientations 1, 2, 3, 4.
  const bool right_is_red[] = {true, false, false, true};
  if (!swapped) {
    EXPECT_EQ(p.At(w, 0, 0) > 128, right_is_red[orientation - 1]);
    EXPECT_EQ(p.At(0, h, 1) > 128, orientation == 1 || orientation == 2);
  } else {
    // Red now rises down or up, green to the right or to the left.
    EXPECT_EQ(p.At(0, h, 0) > 128, orientation == 5 || orientation == 6);
    EXPECT_EQ(p.At(w, 0, 1) > 128, orientation == 5 || orientation == 8);
  }
}

TEST(Avif, LiesAsItsContainerSaysOnce) {
  const Picture p = MakePicture(Kind::kGradient, 64, 32, 3, 1);
  const int expected[4][3] = {{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}};
  for (int quarters = 0; quarters < 4; ++quarters)
    for (int mirror = -1; mirror < 2; ++mirror) {
      SCOPED_TRACE(std::to_string(quarters) + " " + std::to_string(mirror));
      const Bytes avif = WriteAvif(p, {.quarters = quarters, .mirror = mirror});
      ExpectLies(Pixels(avif), p, expected[quarters][mirror + 1]);
      Recipe recipe = FullSize();
      recipe.rotate = false;  // concerns EXIF only
      ExpectLies(Pixels(avif, recipe), p, expected[quarters][mirror + 1]);
    }
}

TEST(Avif, ExifCountsOnlyWhereTheContainerIsSilent) {
  const Picture p = MakePicture(Kind::kGradient, 64, 32, 3, 1);
  const Bytes both = WriteAvif(p, {.orientation = 6, .quarters = 2});
  ExpectLies(Pixels(both), p, 3);
  const Bytes exif = WriteAvif(p, {.orientation = 6});
  ExpectLies(Pixels(exif), p, 6);
}

TEST(Avif, IsCroppedToItsCleanAperture) {
  const Picture p = MakePicture(Kind::kGradient, 64, 32, 3, 1);
  const Picture cropped = Pixels(WriteAvif(
      p, {.crop_x = 10, .crop_y = 4, .crop_width = 20, .crop_height = 16}));
  ASSERT_EQ(cropped.width, 20u);
  ASSERT_EQ(cropped.height, 16u);
  EXPECT_NEAR(cropped.At(0, 0, 0), p.At(10, 4, 0), 8);
  EXPECT_NEAR(cropped.At(19, 15, 1), p.At(29, 19, 1), 8);
}

TEST(Avif, AGridIsOnePicture) {
  const Picture p = MakePicture(Kind::kGradient, 64, 64, 3, 1);
  const Picture grid = Pixels(WriteAvif(p, {.columns = 3}));
  ASSERT_EQ(grid.width, 192u);
  EXPECT_NEAR(grid.At(64 + 60, 5, 0), p.At(60, 5, 0), 8);
  EXPECT_NEAR(grid.At(128 + 2, 5, 0), p.At(2, 5, 0), 8);
}

TEST(Avif, OfASequenceTheFirstIsShown) {
  const Picture p = MakePicture(Kind::kGradient, 64, 32, 3, 1);
  const Picture first = Pixels(WriteAvif(p, {.frames = 3}));
  EXPECT_GT(Psnr(first, p), 28);
}

TEST(Avif, BecomesJpegOrPngWhereItHasAlpha) {
  Recipe recipe = FullSize();
  recipe.format = ImageFormat::kUnknown;
  const Bytes plain = WriteAvif(MakePicture(Kind::kPhoto, 20, 10, 3, 1), {});
  EXPECT_EQ(Make(plain, recipe).outcome.output_format, ImageFormat::kJpeg);
  const Bytes alpha = WriteAvif(MakePicture(Kind::kPhoto, 20, 10, 4, 1), {});
  EXPECT_EQ(Make(alpha, recipe).outcome.output_format, ImageFormat::kPng);
}

TEST(Avif, PlanesGoIntoAJpegWhateverTheirCode) {
  const Picture p = MakePicture(Kind::kPhoto, 64, 48, 3, 1);
  Recipe recipe = FullSize();
  recipe.format = ImageFormat::kJpeg;
  recipe.jpeg_quality = 95;
  for (const int matrix : {1, 6, 9})
    for (const bool limited : {false, true}) {
      const Made made =
          Make(WriteAvif(p, {.limited = limited, .matrix = matrix}), recipe);
      EXPECT_GT(Psnr(testing::ReadJpeg(made.bytes), p), 30)
          << matrix << " " << limited;
    }
}

TEST(Avif, WhatIsCutOffIsTruncated) {
  const Bytes avif = WriteAvif(MakePicture(Kind::kPhoto, 64, 48, 3, 1), {});
  for (const std::size_t size : {avif.size() / 4, avif.size() - 1})
    EXPECT_EQ(Make(ByteSpan(avif).first(size), FullSize()).outcome.reason,
              Reason::kTruncated)
        << size;
}

TEST(Avif, LimitsHoldBeforeAnythingIsAllocated) {
  const Bytes avif = WriteAvif(MakePicture(Kind::kPhoto, 64, 48, 3, 1), {});
  Recipe recipe = FullSize();
  recipe.limits.max_pixels = 64 * 48 - 1;
  EXPECT_EQ(Make(avif, recipe).outcome.reason, Reason::kTooManyPixels);
  recipe.limits.max_pixels = 64 * 48;
  recipe.limits.max_peak_bytes = 1 << 20;
  EXPECT_EQ(Make(avif, recipe).outcome.reason, Reason::kTooCostly);
}

TEST(WalkAvif, SeesWhatTheBoxesSay) {
  const Bytes file = WriteAvif(MakePicture(Kind::kPhoto, 65, 33, 4, 1),
                               {.bits = 10, .orientation = 3});
  const AvifLayout avif = WalkAvif(file);
  EXPECT_EQ(avif.width, 65u);
  EXPECT_EQ(avif.height, 33u);
  EXPECT_EQ(avif.bits, 10);
  EXPECT_TRUE(avif.has_primary);
  EXPECT_TRUE(avif.alpha);
  EXPECT_TRUE(avif.has_exif);
  EXPECT_TRUE(avif.halved_x && avif.halved_y);
  EXPECT_FALSE(avif.monochrome);
  EXPECT_TRUE(avif.ends);
}

TEST(WalkAvif, TakesAnyCutOfAFile) {
  const Bytes file = WriteAvif(MakePicture(Kind::kPhoto, 20, 10, 4, 1),
                               {.orientation = 3, .columns = 1});
  for (std::size_t size = 0; size < file.size(); ++size) {
    const AvifLayout cut = WalkAvif(ByteSpan(file).first(size));
    EXPECT_TRUE(cut.width == 0 || cut.width == 20);
  }
}

}  // namespace
}  // namespace thumbmill
