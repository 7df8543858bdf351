// Links: tm_image tm_recipe tm_pictures
//
// Tests the colours of a JPEG in each way in which files name them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::Made;
using testing::MakePicture;
using testing::Picture;

Made Make(ByteSpan jpeg) {
  const Made made = testing::Make(jpeg, testing::PngRecipe("40x"));
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  return made;
}

const Picture& Photo(int channels = 3) {
  static const Picture rgb = MakePicture(Kind::kPhoto, 200, 150, 3, 5);
  static const Picture inks = MakePicture(Kind::kPhoto, 200, 150, 4, 5);
  return channels == 3 ? rgb : inks;
}

Bytes Without(Bytes jpeg, std::uint8_t marker) {
  for (std::size_t at = 2; jpeg[at + 1] != 0xDA;) {
    const std::size_t size = 2 + jpeg[at + 2] * 256u + jpeg[at + 3];
    const auto from = jpeg.begin() + static_cast<std::ptrdiff_t>(at);
    if (jpeg[at + 1] == marker)
      jpeg.erase(from, from + static_cast<std::ptrdiff_t>(size));
    else
      at += size;
  }
  return jpeg;
}

TEST(JpegColour, InksAreInvertedWithAdobesMarkerOrWithoutIt) {
  const Bytes marked = testing::WriteJpeg(Photo(4));
  const Bytes plain = Without(marked, 0xEE);
  ASSERT_LT(plain.size(), marked.size());
  EXPECT_EQ(Make(plain).Decoded().samples, Make(marked).Decoded().samples);
}

// Makes an APP2 segment with a piece of a profile.
Bytes Piece(ByteSpan bytes, std::uint8_t number, std::uint8_t count) {
  constexpr std::string_view kTag("ICC_PROFILE\0", 12);
  const std::size_t size = 2 + kTag.size() + 2 + bytes.size();
  Bytes segment = {0xFF, 0xE2, static_cast<std::uint8_t>(size >> 8),
                   static_cast<std::uint8_t>(size)};
  segment.insert(segment.end(), kTag.begin(), kTag.end());
  segment.push_back(number);
  segment.push_back(count);
  segment.insert(segment.end(), bytes.begin(), bytes.end());
  return segment;
}

struct Numbered {
  std::size_t third;  // which third of the profile
  std::uint8_t number;
  std::uint8_t count = 3;
};

// Returns the picture with the thirds of a profile in the given order.
Bytes WithPieces(const Bytes& icc, const std::vector<Numbered>& pieces) {
  Bytes jpeg = testing::WriteJpeg(Photo());
  std::size_t at = 20;  // after JFIF
  const std::size_t third = (icc.size() + 2) / 3;
  for (const Numbered& piece : pieces) {
    const std::size_t first = piece.third * third;
    const Bytes segment =
        Piece(ByteSpan(icc).subspan(first, std::min(third, icc.size() - first)),
              piece.number, piece.count);
    jpeg.insert(jpeg.begin() + static_cast<std::ptrdiff_t>(at), segment.begin(),
                segment.end());
    at += segment.size();
  }
  return jpeg;
}

TEST(JpegColour, PiecesOfAProfileGoByTheirNumbers) {
  const Bytes icc = testing::AdobeRgbProfile();
  const Made right = Make(WithPieces(icc, {{0, 1}, {1, 2}, {2, 3}}));
  ASSERT_TRUE(right.outcome.warnings.empty());
  ASSERT_NE(right.Decoded().samples,
            Make(testing::WriteJpeg(Photo())).Decoded().samples);
  const std::vector<std::vector<Numbered>> kOrders = {
      {{2, 3}, {0, 1}, {1, 2}},
      {{2, 3}, {1, 2}, {0, 1}},
      {{0, 1}, {0, 1}, {1, 2}, {2, 3}},  // one of them is there twice
      // The first of equal numbers counts.
      {{0, 1}, {1, 2}, {2, 3}, {1, 1}, {2, 2}},
      {{0, 1}, {1, 2}, {2, 3}, {0, 1}, {1, 2}, {2, 3}},
      {{0, 1, 9}, {1, 2, 9}, {2, 3, 9}},  // a wrong count
      {{1, 2, 1}, {0, 1, 1}, {2, 3, 1}},
      {{0, 0}, {0, 1}, {1, 2}, {2, 3}}};  // numbers begin at 1
  for (std::size_t i = 0; i < kOrders.size(); ++i) {
    const Made made = Make(WithPieces(icc, kOrders[i]));
    EXPECT_EQ(made.Decoded().samples, right.Decoded().samples) << i;
    EXPECT_TRUE(made.outcome.warnings.empty()) << i;
  }
}

TEST(JpegColour, AProfileWithAHoleIsNone) {
  const Bytes icc = testing::AdobeRgbProfile();
  const Picture plain = Make(testing::WriteJpeg(Photo())).Decoded();
  const std::vector<std::vector<Numbered>> kHoles = {{{0, 1}, {2, 3}},
                                                     {{1, 2}, {2, 3}},
                                                     {{0, 1}, {1, 2}},
                                                     {{0, 0}, {1, 0}, {2, 0}}};
  for (std::size_t i = 0; i < kHoles.size(); ++i) {
    const Made made = Make(WithPieces(icc, kHoles[i]));
    EXPECT_EQ(made.Decoded().samples, plain.samples) << i;
    EXPECT_EQ(
        made.outcome.warnings,
        std::vector<std::string>{"a piece of the colour profile is missing"})
        << i;
  }
}

}  // namespace
}  // namespace thumbmill
