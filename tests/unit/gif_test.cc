// Links: tm_image tm_recipe tm_pictures
//
// Tests GIF as input of the Thumbnailer.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/pictures.h"
#include "tests/unit/full_size.h"
#include "worker/image/header/gif_layout.h"
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

// Returns the level that WriteGif() stores for a sample.
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

TEST(Gif, TheScreenGrowsToHoldThePicture) {
  const Picture photo = MakePicture(Kind::kPhoto, 20, 10, 3, 1);
  struct Case {
    std::uint32_t screen_width, screen_height;
    std::uint32_t frame_x, frame_y;
    std::uint32_t width, height;
  };
  const Case cases[] = {
      {12, 8, 0, 0, 20, 10},  {12, 30, 0, 0, 20, 30}, {40, 8, 0, 0, 40, 10},
      {12, 8, 5, 3, 25, 13},  {24, 12, 5, 3, 25, 13}, {12, 8, 50, 0, 70, 10},
      {12, 8, 0, 50, 20, 60}, {0, 0, 0, 0, 20, 10},   {0, 0, 3, 2, 23, 12},
      {0, 30, 0, 0, 20, 30},  {40, 0, 0, 0, 40, 10},  {1, 1, 1, 1, 21, 11}};
  for (const Case& c : cases)
    for (const bool interlaced : {false, true}) {
      GifOptions options = Screen(c.screen_width, c.screen_height);
      options.frame_x = c.frame_x;
      options.frame_y = c.frame_y;
      options.interlaced = interlaced;
      const Bytes file = WriteGif(photo, options);
      const Picture gif = Pixels(file);
      ASSERT_EQ(gif.width, c.width);
      ASSERT_EQ(gif.height, c.height);
      ExpectSame(gif, photo, c.frame_x, c.frame_y);
      const bool covered = c.width == 20 && c.height == 10;
      ASSERT_EQ(gif.channels, covered ? 3 : 4);
      if (c.frame_x > 0) {
        EXPECT_EQ(gif.At(0, c.frame_y, 3), 0);
      }
      // The coordinator plans with the same size.
      EXPECT_EQ(PeekHeader(file)->width, c.width);
      EXPECT_EQ(PeekHeader(file)->height, c.height);
    }
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

// The 63 pixels and the clear code before them take 9 bits each, 72 bytes in
// all. The end code, an empty block and the trailer follow.
TEST(Gif, ACutIsDamageOnlyWhereAPixelIsMissing) {
  const Picture photo = MakePicture(Kind::kPhoto, 9, 7, 4, 1);
  for (const bool interlaced : {false, true}) {
    GifOptions options = Screen(9, 7);
    options.interlaced = interlaced;
    const Bytes gif = WriteGif(photo, options);
    const Picture whole = Pixels(gif);
    const std::size_t enough = gif.size() - 4;
    for (std::size_t size = 6; size < enough; ++size)
      EXPECT_EQ(Make(ByteSpan(gif).first(size), FullSize()).outcome.reason,
                Reason::kTruncated)
          << size;
    for (std::size_t size = enough; size < gif.size(); ++size) {
      const ByteSpan cut = ByteSpan(gif).first(size);
      Recipe recipe = FullSize();
      EXPECT_EQ(Pixels(Bytes(cut.begin(), cut.end())).samples, whole.samples);
      EXPECT_EQ(Make(cut, recipe).outcome.warnings.size(), 1u) << size;
      recipe.fail_on = FailOn::kWarning;
      EXPECT_FALSE(Make(cut, recipe).outcome.ok()) << size;
    }
  }
}

TEST(Gif, NobodyComplainsOfWhatFollowsThePicture) {
  const Picture photo = MakePicture(Kind::kPhoto, 9, 7, 3, 1);
  GifOptions options = Screen(9, 7);
  options.second_frame = true;
  Bytes more = WriteGif(photo, options);
  const Bytes cut_later(more.begin(), more.end() - 20);
  more.insert(more.end(), {'t', 'r', 'a', 'i', 'l'});
  for (const Bytes& gif : {more, cut_later}) {
    Recipe recipe = FullSize();
    recipe.fail_on = FailOn::kWarning;
    EXPECT_TRUE(Make(gif, recipe).outcome.ok());
  }
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
  recipe.limits.max_pixels = 1'000'000;
  GifOptions far_off = Screen(10, 10);
  far_off.frame_x = far_off.frame_y = 65535;
  EXPECT_EQ(Make(WriteGif(photo, far_off), recipe).outcome.reason,
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
