// Links: tm_image tm_recipe tm_pictures
//
// Tests that thumbnails are upright, whatever EXIF says of the picture.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

using testing::JpegOptions;
using testing::Kind;
using testing::Made;
using testing::Make;
using testing::MakePicture;
using testing::Picture;
using testing::Psnr;
using testing::RecipeFor;
using testing::WriteJpeg;

// Makes a picture with a mark in the corner that tells all eight orientations
// apart.
Picture Marked(std::uint32_t width, std::uint32_t height) {
  Picture p{width, height, 3, {}};
  p.samples.assign(std::size_t{width} * height * 3, 255);
  for (std::uint32_t y = 0; y < height / 2; ++y)
    for (std::uint32_t x = 0; x < width / 2; ++x)
      p.samples[(std::size_t{y} * width + x) * 3] = y < height / 4 ? 0 : 128;
  return p;
}

Picture Upright(const Picture& p, int orientation) {
  const bool lying = orientation >= 5;
  Picture out{
      lying ? p.height : p.width, lying ? p.width : p.height, p.channels, {}};
  for (std::uint32_t y = 0; y < out.height; ++y)
    for (std::uint32_t x = 0; x < out.width; ++x) {
      const std::uint32_t r = p.width - 1, b = p.height - 1;
      std::uint32_t from_x = x, from_y = y;
      switch (orientation) {  // CIPA DC-008, "Orientation"
        case 2:
          from_x = r - x;
          break;
        case 3:
          from_x = r - x;
          from_y = b - y;
          break;
        case 4:
          from_y = b - y;
          break;
        case 5:
          from_x = y;
          from_y = x;
          break;
        case 6:
          from_x = y;
          from_y = b - x;
          break;
        case 7:
          from_x = r - y;
          from_y = b - x;
          break;
        case 8:
          from_x = r - y;
          from_y = x;
          break;
        default:
          break;
      }
      for (int c = 0; c < p.channels; ++c)
        out.samples.push_back(p.At(from_x, from_y, c));
    }
  return out;
}

TEST(Thumbnailer, TurnsEachOrientationUpright) {
  const Picture stored = Marked(96, 64);
  for (const std::string_view size : {"32", "32x20^", "31!"})
    for (int orientation = 1; orientation <= 8; ++orientation) {
      JpegOptions jpeg;
      jpeg.orientation = orientation;
      jpeg.quality = 100;
      const Recipe recipe = RecipeFor(size);
      const Picture expected =
          Make(WritePng(Upright(stored, orientation)), recipe).Decoded();
      const Made from_jpeg = Make(WriteJpeg(stored, jpeg), recipe);
      EXPECT_GE(Psnr(from_jpeg.Decoded(), expected), 25)
          << size << ", orientation " << orientation;
      const Made from_png =
          Make(WritePng(stored, {.orientation = orientation}), recipe);
      EXPECT_GE(Psnr(from_png.Decoded(), expected), 45)
          << size << ", orientation " << orientation;
      EXPECT_EQ(from_png.outcome.source_width, orientation >= 5 ? 64u : 96u);
    }
}

TEST(Thumbnailer, LeavesThePictureAsItLiesWhenToldTo) {
  JpegOptions options;
  options.orientation = 6;
  Recipe recipe = RecipeFor("48x");
  recipe.rotate = false;
  const Made made = Make(WriteJpeg(Marked(96, 64), options), recipe);
  EXPECT_EQ(made.outcome.thumbnails[0].height, 32u);
}

}  // namespace
}  // namespace thumbmill
