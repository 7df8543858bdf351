// Links: tm_image tm_recipe tm_pictures
//
// Tests WebP as input and output of the Thumbnailer.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "tests/tools/thumbnails.h"
#include "worker/image/header/webp_layout.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;
using testing::Psnr;
using testing::ReadJpeg;
using testing::ReadPng;
using testing::ReadWebp;
using testing::WriteJpeg;
using testing::WritePng;
using testing::WriteWebp;

Recipe RecipeFor(const char* size, ImageFormat format) {
  Recipe recipe = testing::RecipeFor(size);
  recipe.format = format;
  return recipe;
}

struct Made {
  Outcome outcome;
  Bytes bytes;  // the first thumbnail
};

Made Make(ByteSpan encoded, const Recipe& recipe) {
  testing::Made made = testing::Make(encoded, recipe, ~0ull, 16 << 20);
  made.output.resize(made.outcome.ok() ? made.Encoded().size() : 0);
  return {made.outcome, made.output};
}

// Returns the picture of a WebP at its own size, by way of PNG.
Picture Pixels(ByteSpan encoded) {
  const Made made = Make(encoded, RecipeFor("9999", ImageFormat::kPng));
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  return ReadPng(made.bytes);
}

TEST(Webp, LossyAtFullSizeLooksAsLibwebpShowsIt) {
  for (const std::uint32_t width : {99u, 100u}) {
    const Picture photo = MakePicture(Kind::kPhoto, width, 71, 3, 1);
    const Bytes webp = WriteWebp(photo);
    EXPECT_GT(Psnr(Pixels(webp), ReadWebp(webp)), 45);
  }
}

TEST(Webp, LosslessIsExact) {
  const Picture photo = MakePicture(Kind::kNoise, 61, 43, 3, 1);
  EXPECT_EQ(Pixels(WriteWebp(photo, {.lossless = true})).samples,
            photo.samples);
}

TEST(Webp, AlphaComesThrough) {
  Picture photo = MakePicture(Kind::kPhoto, 64, 48, 4, 1);
  for (std::size_t i = 3; i < photo.samples.size(); i += 4)
    photo.samples[i] = i % 8 == 3 ? 255 : 128;
  const Bytes lossless = WriteWebp(photo, {.lossless = true});
  EXPECT_GT(Psnr(Pixels(lossless), photo), 50);
  const Bytes lossy = WriteWebp(photo);
  EXPECT_GT(Psnr(Pixels(lossy), ReadWebp(lossy)), 45);
}

TEST(Webp, ColourBehindNothingDoesNotShow) {
  Picture p = MakePicture(Kind::kGradient, 128, 128, 4, 1);
  for (std::uint32_t i = 0; i < 128 * 128; ++i) {
    const bool left = i % 128 < 63;  // opaque green left, transparent red right
    const std::uint8_t pixel[4] = {static_cast<std::uint8_t>(left ? 0 : 255),
                                   static_cast<std::uint8_t>(left ? 255 : 0), 0,
                                   static_cast<std::uint8_t>(left ? 255 : 0)};
    std::copy(pixel, pixel + 4, &p.samples[std::size_t{4} * i]);
  }
  for (const bool lossless : {false, true}) {
    const Made made = Make(WriteWebp(p, {.quality = 100, .lossless = lossless}),
                           RecipeFor("16x", ImageFormat::kPng));
    const Picture small = ReadPng(made.bytes);
    for (std::uint32_t x = 0; x < 16; ++x)
      if (small.At(x, 8, 3) > 40) {
        EXPECT_LT(small.At(x, 8, 0), 40) << x;
      }
  }
}

TEST(Webp, OfAnAnimationTheFirstFrameIsShownOnItsCanvas) {
  const Picture frame = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  const Picture whole = Pixels(WriteWebp(frame, {.lossless = true,
                                                 .canvas_width = 40,
                                                 .canvas_height = 30,
                                                 .frame_x = 6,
                                                 .frame_y = 8}));
  ASSERT_EQ(whole.width, 40u);
  ASSERT_EQ(whole.height, 30u);
  ASSERT_EQ(whole.channels, 4);
  EXPECT_EQ(whole.At(0, 0, 3), 0);
  EXPECT_EQ(whole.At(26, 8, 3), 0);
  EXPECT_EQ(whole.At(6, 18, 3), 0);
  for (std::uint32_t y = 0; y < 10; ++y)
    for (std::uint32_t x = 0; x < 20; ++x) {
      EXPECT_EQ(whole.At(6 + x, 8 + y, 3), 255);
      EXPECT_EQ(whole.At(6 + x, 8 + y, 0), frame.At(x, y, 0));
    }
}

TEST(Webp, AFrameOutsideOfItsCanvasIsCorrupt) {
  const Picture frame = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  const Bytes webp =
      WriteWebp(frame, {.canvas_width = 24, .canvas_height = 30, .frame_x = 6});
  EXPECT_EQ(Make(webp, RecipeFor("9", ImageFormat::kPng)).outcome.reason,
            Reason::kCorrupt);
}

TEST(Webp, ExifTurnsIt) {
  const Picture photo = MakePicture(Kind::kGradient, 40, 20, 3, 1);
  for (const bool lossless : {false, true}) {
    const Picture turned =
        Pixels(WriteWebp(photo, {.lossless = lossless, .orientation = 6}));
    ASSERT_EQ(turned.width, 20u);
    ASSERT_EQ(turned.height, 40u);
    EXPECT_NEAR(turned.At(19, 0, 0), photo.At(0, 0, 0), 12);
    EXPECT_NEAR(turned.At(0, 39, 0), photo.At(39, 19, 0), 12);
  }
}

TEST(Webp, LargeOnesThatLibwebpReducesLookTheSame) {
  // The picture has more than 32 megapixels.
  const Picture photo = MakePicture(Kind::kGradient, 16383, 2100, 3, 1);
  for (const bool lossless : {false, true}) {
    const Bytes webp =
        WriteWebp(photo, {.quality = 60, .lossless = lossless, .method = 0});
    const Made reduced = Make(webp, RecipeFor("200x", ImageFormat::kPng));
    // A second, larger size keeps libwebp from reducing.
    Recipe recipe = RecipeFor("200x", ImageFormat::kPng);
    recipe.sizes.push_back(*ParseSize("4050x", Fit::kInside));
    const Made whole = Make(webp, recipe);
    ASSERT_TRUE(reduced.outcome.ok());
    ASSERT_TRUE(whole.outcome.ok());
    EXPECT_GT(Psnr(ReadPng(reduced.bytes), ReadPng(whole.bytes)), 47);
  }
}

TEST(Webp, IsWrittenFromEveryKindOfSource) {
  for (const int channels : {1, 2, 3, 4}) {
    const Picture photo = MakePicture(Kind::kPhoto, 120, 90, channels, 1);
    const Made made =
        Make(WritePng(photo), RecipeFor("9999", ImageFormat::kWebp));
    ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
    EXPECT_EQ(made.outcome.output_format, ImageFormat::kWebp);
    const Picture back = ReadWebp(made.bytes);
    EXPECT_EQ(back.channels, channels % 2 == 0 ? 4 : 3);
    for (const std::uint32_t x : {20u, 60u, 100u}) {
      const bool alpha = channels % 2 == 0;
      if (alpha) {
        EXPECT_EQ(back.At(x, 45, 3), photo.At(x, 45, channels - 1));
      }
      if (alpha && back.At(x, 45, 3) < 100) continue;
      EXPECT_NEAR(back.At(x, 45, 0), photo.At(x, 45, 0), 16) << channels;
    }
  }
}

TEST(Webp, PlanesOfAJpegBecomeAWebpAndBack) {
  const Picture photo = MakePicture(Kind::kPhoto, 200, 150, 3, 1);
  const Made webp = Make(WriteJpeg(photo, {.quality = 97}),
                         RecipeFor("9999", ImageFormat::kWebp));
  EXPECT_GT(Psnr(ReadWebp(webp.bytes), photo), 30);
  const Made jpeg = Make(WriteWebp(photo, {.quality = 97}),
                         RecipeFor("9999", ImageFormat::kJpeg));
  EXPECT_GT(Psnr(ReadJpeg(jpeg.bytes), photo), 30);
}

TEST(Webp, AnOutputTooSmallIsToldToTheByte) {
  for (const int channels : {3, 4}) {
    const Bytes webp = WriteWebp(
        MakePicture(Kind::kPhoto, 120, 90, channels, 1), {.orientation = 1});
    Recipe recipe = RecipeFor("100x", ImageFormat::kUnknown);
    for (const bool keep : {false, true}) {
      recipe.keep.exif = keep;
      const Made made = Make(webp, recipe);
      ASSERT_EQ(made.outcome.output_format, ImageFormat::kWebp);
      Thumbnailer thumbnailer(recipe);
      Bytes small(made.bytes.size() - 1);
      EXPECT_EQ(thumbnailer.Run(webp, 1, small).needs_output_bytes,
                made.bytes.size());
    }
  }
}

TEST(Webp, CarriesTheMetadataThatIsKept) {
  for (const int channels : {3, 4}) {
    const Picture photo = MakePicture(Kind::kPhoto, 120, 90, channels, 1);
    const Bytes webp = WriteWebp(photo, {.orientation = 6});
    Recipe recipe = RecipeFor("9999", ImageFormat::kUnknown);
    recipe.keep.exif = true;
    const Made made = Make(webp, recipe);
    const WebpLayout layout = WalkWebp(made.bytes);
    EXPECT_TRUE(layout.ends);
    EXPECT_EQ(layout.exif.size() > 8, true);
    EXPECT_EQ(layout.alpha, channels == 4);
    const Picture back = ReadWebp(made.bytes);
    recipe.keep.exif = false;
    EXPECT_EQ(back.samples, ReadWebp(Make(webp, recipe).bytes).samples);
  }
}

TEST(Webp, QualityIsItsOwn) {
  const Bytes webp = WriteWebp(MakePicture(Kind::kPhoto, 200, 150, 3, 1));
  Recipe recipe = RecipeFor("150x", ImageFormat::kUnknown);
  const std::size_t usual = Make(webp, recipe).bytes.size();
  recipe.jpeg_quality = 10;
  EXPECT_EQ(Make(webp, recipe).bytes.size(), usual);
  recipe.webp_quality = 10;
  EXPECT_LT(Make(webp, recipe).bytes.size(), usual);
}

TEST(Webp, WhatIsCutOffIsTruncatedAndShownIfAllowed) {
  const Picture photo = MakePicture(Kind::kPhoto, 200, 150, 3, 1);
  for (const bool lossless : {false, true}) {
    Bytes webp = WriteWebp(photo, {.lossless = lossless});
    webp.resize(webp.size() / 2);
    Recipe recipe = RecipeFor("50x", ImageFormat::kPng);
    EXPECT_EQ(Make(webp, recipe).outcome.reason, Reason::kTruncated);
    recipe.fail_on = FailOn::kNone;
    const Made made = Make(webp, recipe);
    EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
    EXPECT_EQ(made.outcome.warnings.size(), 1u);
  }
}

TEST(Webp, LimitsHoldBeforeAnythingIsAllocated) {
  // A few bytes claim 16384x16384 pixels, lossless.
  Bytes webp =
      WriteWebp(MakePicture(Kind::kGradient, 1, 1, 3, 1), {.lossless = true});
  webp[21] = webp[22] = webp[23] = 0xFF;
  webp[24] |= 0x0F;
  Recipe recipe = RecipeFor("64", ImageFormat::kPng);
  EXPECT_EQ(Make(webp, recipe).outcome.reason, Reason::kTooManyPixels);
  recipe.limits.max_pixels = 1'000'000'000;
  recipe.limits.max_peak_bytes = 512 << 20;
  EXPECT_EQ(Make(webp, recipe).outcome.reason, Reason::kTooCostly);
}

TEST(WalkWebp, SeesWhatTheHeadersSay) {
  const Picture photo = MakePicture(Kind::kPhoto, 33, 22, 4, 1);
  const Bytes plain = WriteWebp(photo);
  const WebpLayout lossy = WalkWebp(plain);
  EXPECT_EQ(lossy.width, 33u);
  EXPECT_EQ(lossy.height, 22u);
  EXPECT_TRUE(lossy.alpha);
  EXPECT_FALSE(lossy.lossless);
  EXPECT_TRUE(lossy.ends);
  const Bytes file = WriteWebp(photo, {.lossless = true, .orientation = 3});
  const WebpLayout lossless = WalkWebp(file);
  EXPECT_TRUE(lossless.lossless);
  EXPECT_FALSE(lossless.exif.empty());
  EXPECT_EQ(lossless.width, 33u);
}

TEST(WalkWebp, TakesAnyCutOfAFile) {
  const Bytes file =
      WriteWebp(MakePicture(Kind::kPhoto, 20, 10, 4, 1),
                {.orientation = 3, .canvas_width = 40, .canvas_height = 30});
  for (std::size_t size = 0; size + 1 < file.size(); ++size)
    EXPECT_FALSE(WalkWebp(ByteSpan(file).first(size)).ends);
  EXPECT_TRUE(WalkWebp(file).ends);
}

}  // namespace
}  // namespace thumbmill
