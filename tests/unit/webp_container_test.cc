// Links: tm_image tm_recipe tm_pictures
//
// Tests WebP files with odd containers. The container decides about the
// picture, and only missing samples are damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/tools/thumbnails.h"
#include "worker/image/header/webp_layout.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::Made;
using testing::MakePicture;
using testing::Picture;
using testing::WebpOptions;
using testing::WriteWebp;

Made Make(ByteSpan webp, FailOn fail_on = FailOn::kError) {
  Recipe recipe = testing::PngRecipe("40x40");
  recipe.fail_on = fail_on;
  return testing::Make(webp, recipe);
}

void SetSize(Bytes* webp, std::uint32_t size) {
  for (int i = 0; i < 4; ++i)
    (*webp)[static_cast<std::size_t>(4 + i)] =
        static_cast<std::uint8_t>(size >> 8 * i);
}

std::uint32_t SizeOf(const Bytes& webp) {
  return static_cast<std::uint32_t>(webp.size()) - 8;
}

// Returns lossy and lossless files, with and without alpha, and one with EXIF.
std::vector<Bytes> EveryKind() {
  const Picture rgb = MakePicture(Kind::kPhoto, 120, 90, 3, 1);
  const Picture rgba = MakePicture(Kind::kPhoto, 120, 90, 4, 1);
  return {WriteWebp(rgb), WriteWebp(rgb, {.lossless = true}), WriteWebp(rgba),
          WriteWebp(rgba, {.lossless = true}),
          WriteWebp(rgb, {.orientation = 1})};
}

void ExpectSame(const Bytes& odd, const Bytes& plain, bool warns,
                const std::string& what) {
  const Made made = Make(odd);
  EXPECT_TRUE(made.outcome.ok()) << what << ": " << made.outcome.message;
  EXPECT_EQ(made.Decoded().samples, Make(plain).Decoded().samples) << what;
  EXPECT_EQ(made.outcome.warnings.size(), warns ? 1u : 0u) << what;
  EXPECT_EQ(Make(odd, FailOn::kWarning).outcome.ok(), !warns) << what;
}

TEST(WebpContainer, AWrongSizeOfTheFileCostsNothing) {
  for (const Bytes& plain : EveryKind()) {
    for (const std::uint32_t more : {2u, 100u, 1u << 20}) {
      Bytes odd = plain;
      SetSize(&odd, SizeOf(plain) + more);
      ExpectSame(odd, plain, true, "promises " + std::to_string(more));
    }
    for (const std::uint32_t size : {0u, 4u, 12u, 30u, SizeOf(plain) / 2}) {
      Bytes odd = plain;
      SetSize(&odd, size);
      ExpectSame(odd, plain, true, "says " + std::to_string(size));
    }
    Bytes longer = plain;
    longer.insert(longer.end(), 1000, 'x');
    ExpectSame(longer, plain, false, "bytes after the end");
  }
}

TEST(WebpContainer, PaddingMayBeMissing) {
  // The last chunk of the file has an odd length, so it needs padding.
  const Picture rgb = MakePicture(Kind::kPhoto, 120, 90, 3, 1);
  int tried = 0;
  for (int quality = 60; quality < 80; ++quality) {
    Bytes plain = WriteWebp(rgb, {.quality = quality});
    if (plain.back() != 0) continue;
    // The padding byte that libwebp wrote becomes the padding of the container.
    plain[16] -= 1;
    ++tried;
    const Bytes odd(plain.begin(), plain.end() - 1);
    ExpectSame(odd, plain, false, std::to_string(quality));
  }
  EXPECT_GT(tried, 0);
}

TEST(WebpContainer, EachCutOfThePictureIsTruncated) {
  for (const Bytes& plain : EveryKind()) {
    const WebpLayout layout = WalkWebp(plain);
    ASSERT_TRUE(layout.frame_is_whole);
    Bytes after = plain;
    after.insert(after.end(), {'X', 'M', 'P', ' ', 4, 0, 0, 0, 1, 2, 3, 4});
    SetSize(&after, SizeOf(after));
    for (std::size_t cut = 1; cut < 12; ++cut)
      ExpectSame({after.begin(), after.end() - static_cast<long>(cut)}, plain,
                 cut > 1, "cut after the picture");
    if (!layout.exif.empty()) continue;  // the picture is not last
    const std::size_t padding = plain.size() % 2;
    for (std::size_t cut = 2 + padding; cut < 60; ++cut) {
      const Bytes odd(plain.begin(), plain.end() - static_cast<long>(cut));
      EXPECT_EQ(Make(odd).outcome.reason, Reason::kTruncated) << cut;
    }
  }
}

TEST(WebpContainer, FramesAfterTheFirstMayBeCutOff) {
  const Bytes plain = WriteWebp(MakePicture(Kind::kPhoto, 120, 90, 3, 1),
                                {.canvas_width = 120, .canvas_height = 90});
  ExpectSame({plain.begin(), plain.end() - 20}, plain, true, "second frame");
}

TEST(WebpContainer, AStillPictureHasTheSizeOfItsCanvas) {
  for (const std::uint32_t more : {0u, 100u}) {
    Bytes odd =
        WriteWebp(MakePicture(Kind::kPhoto, 120, 90, 3, 1), {.orientation = 1});
    odd[24] += 2;  // width in VP8X
    SetSize(&odd, SizeOf(odd) + more);
    EXPECT_EQ(Make(odd).outcome.reason, Reason::kCorrupt) << more;
  }
}

TEST(WebpContainer, WhatItSaysItDoesNotHaveIsNotThere) {
  const Bytes icc = testing::AdobeRgbProfile();
  const Picture photo = MakePicture(Kind::kPhoto, 120, 90, 3, 1);
  const Bytes both = WriteWebp(
      photo, {.orientation = 6, .icc = std::string(icc.begin(), icc.end())});
  const Made plain = Make(WriteWebp(photo));
  const Made full = Make(both);
  ASSERT_EQ(full.Decoded().width, 30u);
  ASSERT_NE(full.Decoded().samples, plain.Decoded().samples);
  Bytes neither = both;
  // Flags in VP8X: ICC and EXIF.
  neither[20] &= static_cast<std::uint8_t>(~0x28);
  const Made made = Make(neither);
  EXPECT_EQ(made.outcome.source_width, 120u);
  EXPECT_EQ(made.Decoded().samples, plain.Decoded().samples);
  EXPECT_TRUE(WalkWebp(neither).icc.empty());
  Bytes exif_only = both;
  exif_only[20] &= static_cast<std::uint8_t>(~0x20);
  EXPECT_EQ(Make(exif_only).outcome.source_width, 90u);
  EXPECT_EQ(PeekHeader(exif_only)->icc_bytes, 0u);
}

TEST(WebpContainer, ASimpleFileHasNoExif) {
  Bytes simple = WriteWebp(MakePicture(Kind::kPhoto, 120, 90, 3, 1));
  const Bytes exif = testing::MakeExif(6);
  simple.insert(
      simple.end(),
      {'E', 'X', 'I', 'F', static_cast<std::uint8_t>(exif.size()), 0, 0, 0});
  simple.insert(simple.end(), exif.begin(), exif.end());
  SetSize(&simple, SizeOf(simple));
  const Made made = Make(simple);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  EXPECT_EQ(made.outcome.source_width, 120u);
}

}  // namespace
}  // namespace thumbmill
