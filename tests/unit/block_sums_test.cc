// Links: tm_image tm_pictures
//
// Tests large interlaced PNGs, which are summed in blocks, not held as a
// raster.
#include "worker/image/codec/block_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "tests/tools/pictures.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;

PictureShape GreyShape(std::uint32_t width, std::uint32_t height, unsigned side,
                       bool wide) {
  PictureShape shape;
  shape.width = width;
  shape.height = height;
  shape.wide = wide;
  shape.plane_count = 1;
  shape.planes[0].width = (width + side - 1) / side;
  shape.planes[0].height = (height + side - 1) / side;
  return shape;
}

TEST(BlockSums, AreMeansOfWhatThereIs) {
  // 6 x 5 pixels in squares of 4: the last square is 2 wide or 1 high.
  BlockSums sums(GreyShape(6, 5, 4, false), 4);
  for (std::uint32_t y = 0; y < 5; ++y) {
    // Even columns hold 10 y, odd ones 10 y + 1; they arrive separately.
    for (const std::uint32_t odd : {0u, 1u}) {
      std::fill_n(sums.row()[0], 3, static_cast<std::uint8_t>(10 * y + odd));
      sums.Add(3, odd, 2, y);
    }
  }
  std::uint8_t out[2];
  sums.Mean(0, 0, out);
  EXPECT_EQ(out[0], 16);  // rounded from 15.5
  EXPECT_EQ(out[1], 16);
  sums.Mean(0, 1, out);
  EXPECT_EQ(out[0], 41);  // rounded from 40.5
}

TEST(BlockSums, HoldTheLargestSquareOf16Bits) {
  BlockSums sums(GreyShape(64, 64, 64, true), 64);
  auto* row = reinterpret_cast<std::int16_t*>(sums.row()[0]);
  for (std::uint32_t y = 0; y < 64; ++y) {
    std::fill_n(row, 64, std::int16_t{32767});
    sums.Add(64, 0, 1, y);
  }
  std::int16_t out = 0;
  sums.Mean(0, 0, reinterpret_cast<std::uint8_t*>(&out));
  EXPECT_EQ(out, 32767);
}

Picture Thumbnail(const Bytes& bytes) {
  return testing::Thumbnail(bytes, testing::PngRecipe("101x"));
}

// Repeats one small photo, because making a photo of this size takes long.
Picture MakeTiles(std::uint32_t width, std::uint32_t height, int channels) {
  const Picture tile = MakePicture(Kind::kPhoto, 400, 300, channels, 3);
  Picture tiles{width, height, channels, {}};
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        tiles.samples.push_back(tile.At(x % 400, y % 300, c));
  return tiles;
}

TEST(BlockSums, GiveTheThumbnailThatRowsInOrderGive) {
  for (const int channels : {1, 4}) {
    const Picture picture = MakeTiles(3013, 2807, channels);
    EXPECT_GE(testing::Psnr(Thumbnail(WritePng(picture, {.interlaced = true})),
                            Thumbnail(WritePng(picture))),
              50)
        << channels << " channels";
  }
}

}  // namespace
}  // namespace thumbmill
