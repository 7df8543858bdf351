// Links: tm_image tm_recipe tm_pictures
//
// GIF in, by way of the Thumbnailer.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/pictures.h"
#include "tests/unit/full_size.h"
#include "worker/image/gif_layout.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::FullSize;
using testing::GifOptions;
using testing::Kind;
using testing::Made;
using testing::Make;
using testing::MakePicture;
using testing::Picture;
using testing::Pixels;
using testing::WriteGif;

// What a picture's colour becomes in the table of WriteGif().
int InTable(int sample, int channel) {
  const int steps = channel == 2 ? 3 : 7;
  return (sample * steps + 127) / 255 * 255 / steps;
}

void ExpectSame(const Picture& gif, const Picture& source, std::uint32_t left,
                std::uint32_t top) {
  for (std::uint32_t y = 0; y < source.height; ++y)
    for (std::uint32_t x = 0; x < source.width; ++x)
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(gif.At(left + x, top + y, c), InTable(source.At(x, y, c), c))
            << x << "," << y;
}

GifOptions Screen(std::uint32_t width, std::uint32_t height) {
  GifOptions options;
  options.screen_width = width;
  options.screen_height = height;
  return options;
}

TEST(Gif, GivesTheColoursOfItsTable) {
  const Picture photo = MakePicture(Kind::kPhoto, 61, 43, 3, 1);
  for (const bool interlaced : {false, true}) {
    GifOptions options = Screen(61, 43);
    options.interlaced = interlaced;
    const Picture gif = Pixels(WriteGif(photo, options));
    ASSERT_EQ(gif.channels, 3);
    ExpectSame(gif, photo, 0, 0);
  }
}

TEST(Gif, OfGreysStaysGrey) {
  const Picture photo = MakePicture(Kind::kPhoto, 61, 43, 1, 1);
  const Picture gif = Pixels(WriteGif(photo, Screen(61, 43)));
  EXPECT_EQ(gif.channels, 1);
  EXPECT_EQ(gif.samples, photo.samples);
}

TEST(Gif, IsTransparentAtTheIndexThatIsNone) {
  Picture photo = MakePicture(Kind::kPhoto, 20, 10, 4, 1);
  for (std::size_t i = 3; i < photo.samples.size(); i += 4)
    photo.samples[i] = i % 8 == 3 ? 255 : 0;
  GifOptions options = Screen(20, 10);
  options.transparent = 7;
  const Picture gif = Pixels(WriteGif(photo, options));
  ASSERT_EQ(gif.channels, 4);
  for (std::uint32_t x = 0; x < 20; ++x)
    EXPECT_EQ(gif.At(x, 5, 3), photo.At(x, 5, 3));
}

TEST(Gif, StandsOnItsScreenWhichIsTransparentAround) {
  const Picture photo = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  for (const bool interlaced : {false, true}) {
    GifOptions options = Screen(40, 30);
    options.frame_x = 7;
    options.frame_y = 9;
    options.interlaced = interlaced;
    options.second_frame = true;
    const Picture gif = Pixels(WriteGif(photo, options));
    ASSERT_EQ(gif.width, 40u);
    ASSERT_EQ(gif.height, 30u);
    ASSERT_EQ(gif.channels, 4);
    ExpectSame(gif, photo, 7, 9);
    EXPECT_EQ(gif.At(6, 9, 3), 0);
    EXPECT_EQ(gif.At(7, 9, 3), 255);
    EXPECT_EQ(gif.At(26, 18, 3), 255);
    EXPECT_EQ(gif.At(27, 18, 3), 0);
    EXPECT_EQ(gif.At(7, 19, 3), 0);
  }
}

TEST(Gif, IsCutOffAtTheEdgeOfItsScreen) {
  const Picture photo = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  for (const bool interlaced : {false, true}) {
    GifOptions options = Screen(12, 8);
    options.interlaced = interlaced;
    const Picture whole = Pixels(WriteGif(photo, options));
    ASSERT_EQ(whole.channels, 3);
    EXPECT_EQ(whole.At(11, 7, 0), InTable(photo.At(11, 7, 0), 0));
    options.frame_x = 5;
    options.frame_y = 3;
    const Picture moved = Pixels(WriteGif(photo, options));
    ASSERT_EQ(moved.width, 12u);
    EXPECT_EQ(moved.At(11, 7, 0), InTable(photo.At(6, 4, 0), 0));
    EXPECT_EQ(moved.At(4, 7, 3), 0);
    options.frame_x = 50;
    EXPECT_EQ(Pixels(WriteGif(photo, options)).At(11, 7, 3), 0);
  }
}

TEST(Gif, AScreenWithoutASizeHasThatOfItsPicture) {
  const Picture photo = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  const Picture gif = Pixels(WriteGif(photo, Screen(0, 0)));
  EXPECT_EQ(gif.width, 20u);
  EXPECT_EQ(gif.height, 10u);
}

TEST(Gif, BecomesJpegOrPngWhereItHasAlpha) {
  Recipe recipe = FullSize();
  recipe.format = ImageFormat::kUnknown;
  const Picture photo = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  EXPECT_EQ(Make(WriteGif(photo, Screen(20, 10)), recipe).outcome.output_format,
            ImageFormat::kJpeg);
  EXPECT_EQ(Make(WriteGif(photo, Screen(21, 10)), recipe).outcome.output_format,
            ImageFormat::kPng);
}

TEST(Gif, WhatIsCutOffIsTruncatedAndShownIfAllowed) {
  const Picture photo = MakePicture(Kind::kPhoto, 100, 80, 3, 1);
  for (const bool interlaced : {false, true}) {
    GifOptions options = Screen(100, 80);
    options.interlaced = interlaced;
    Bytes gif = WriteGif(photo, options);
    gif.resize(gif.size() / 2);
    Recipe recipe = FullSize();
    EXPECT_EQ(Make(gif, recipe).outcome.reason, Reason::kTruncated);
    recipe.fail_on = FailOn::kNone;
    const Made made = Make(gif, recipe);
    EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
    EXPECT_EQ(made.outcome.warnings.size(), 1u);
  }
}

TEST(Gif, EndsWhereverItIsCutWithoutACrash) {
  const Picture photo = MakePicture(Kind::kPhoto, 9, 7, 4, 1);
  const Bytes gif = WriteGif(photo, Screen(9, 7));
  for (std::size_t size = 6; size < gif.size() - 2; ++size)
    EXPECT_EQ(Make(ByteSpan(gif).first(size), FullSize()).outcome.reason,
              Reason::kTruncated)
        << size;
}

TEST(Gif, LimitsHoldForScreenAndPicture) {
  const Picture photo = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  Recipe recipe = FullSize();
  recipe.limits.max_pixels = 1'000'000;
  EXPECT_EQ(Make(WriteGif(photo, Screen(65535, 65535)), recipe).outcome.reason,
            Reason::kTooManyPixels);
  recipe.limits.max_pixels = 150;
  EXPECT_EQ(Make(WriteGif(photo, Screen(10, 10)), recipe).outcome.reason,
            Reason::kTooManyPixels);
}

TEST(WalkGif, SeesWhatTheHeadersSay) {
  GifOptions options = Screen(40, 30);
  options.interlaced = true;
  options.transparent = 9;
  options.frame_x = 3;
  const GifLayout layout =
      WalkGif(WriteGif(MakePicture(Kind::kPhoto, 20, 10, 4, 1), options));
  EXPECT_EQ(layout.width, 40u);
  EXPECT_EQ(layout.height, 30u);
  EXPECT_EQ(layout.frame_x, 3u);
  EXPECT_EQ(layout.frame_width, 20u);
  EXPECT_TRUE(layout.interlaced);
  EXPECT_EQ(layout.transparent, 9);
  EXPECT_FALSE(layout.covered());
}

}  // namespace
}  // namespace thumbmill
