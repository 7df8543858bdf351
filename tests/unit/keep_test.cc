// Links: tm_image tm_recipe tm_pictures
//
// Tests --keep: the metadata that a thumbnail carries, and its colours.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/tools/thumbnails.h"
#include "worker/image/header/exif.h"

namespace thumbmill {
namespace {

using testing::Attached;
using testing::Bytes;
using testing::JpegOptions;
using testing::Kind;
using testing::MakeExif;
using testing::MakePicture;
using testing::Picture;
using testing::PngOptions;
using testing::Psnr;

Recipe RecipeFor(std::string_view size, std::string_view keep,
                 Fit fit = Fit::kInside) {
  Recipe recipe = testing::RecipeFor(size, fit);
  recipe.keep = *ParseKeep(keep);
  return recipe;
}

struct Made {
  Outcome outcome;
  Bytes bytes;  // the only thumbnail
  Attached attached;
  Picture picture;
};

Made Make(const Bytes& encoded, const Recipe& recipe) {
  const testing::Made made = testing::Make(encoded, recipe, 1);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  if (!made.outcome.ok()) return {made.outcome, {}, {}, {}};
  const ByteSpan bytes = made.Encoded();
  return {made.outcome,
          {bytes.begin(), bytes.end()},
          testing::ReadAttached(bytes),
          made.Decoded()};
}

const Picture& Photo(int channels = 3) {
  static const Picture rgb = MakePicture(Kind::kPhoto, 200, 150, 3, 5);
  static const Picture grey = MakePicture(Kind::kPhoto, 200, 150, 1, 5);
  static const Picture inks = MakePicture(Kind::kPhoto, 200, 150, 4, 5);
  return channels == 3 ? rgb : channels == 1 ? grey : inks;
}

Bytes Jpeg(const Picture& picture, const Bytes& icc) {
  JpegOptions options;
  options.icc = std::string(icc.begin(), icc.end());
  return testing::WriteJpeg(picture, options);
}

Bytes Png(const Picture& picture, const Bytes& icc) {
  PngOptions options;
  options.icc = icc;
  return testing::WritePng(picture, options);
}

Picture Flat(std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Picture flat{16, 16, 3, {}};
  for (int i = 0; i < 16 * 16; ++i)
    flat.samples.insert(flat.samples.end(), {r, g, b});
  return flat;
}

// ---- colours -----------------------------------------------------------

struct Known {
  const char* name;
  Bytes profile;
  std::uint8_t in[3];
  std::uint8_t srgb[3];  // by primaries and curves, computed in doubles
};

TEST(Colours, BecomeSrgbByTheProfile) {
  const Known cases[] = {
      {"sRGB", testing::SrgbProfile(), {200, 100, 50}, {200, 100, 50}},
      {"Adobe RGB", testing::AdobeRgbProfile(), {150, 100, 50}, {167, 100, 42}},
      {"Adobe RGB",
       testing::AdobeRgbProfile(),
       {128, 128, 128},
       {129, 129, 129}},
      {"P3", testing::DisplayP3Profile(), {200, 100, 50}, {215, 93, 31}},
  };
  for (const Known& known : cases) {
    const Bytes png =
        Png(Flat(known.in[0], known.in[1], known.in[2]), known.profile);
    const Picture made = Make(png, RecipeFor("8x", "none")).picture;
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(made.At(4, 4, c), known.srgb[c], 1) << known.name << c;
  }
}

TEST(Colours, OfGreyStayGreyAndTakeTheCurveOfSrgb) {
  Picture grey{16, 16, 1, Bytes(256, 128)};
  for (const Bytes& bytes : {Png(grey, testing::GreyProfile(1.0)),
                             Jpeg(grey, testing::GreyProfile(1.0))}) {
    const Picture made = Make(bytes, RecipeFor("8x", "none")).picture;
    EXPECT_EQ(made.channels, 1);
    EXPECT_NEAR(made.At(4, 4, 0), 188, 1);
  }
}

TEST(Colours, OfInkComeFromItsProfile) {
  // Ink profiles map no ink to the white of paper and all ink to nearly black;
  // the profile of this test has no colour.
  Picture inks{16, 16, 4, {}};
  for (int i = 0; i < 256; ++i)
    inks.samples.insert(inks.samples.end(), {255, 255, 255, 100});
  const Picture made =
      Make(Jpeg(inks, testing::CmykProfile()), RecipeFor("8x", "none")).picture;
  EXPECT_EQ(made.channels, 3);
  EXPECT_NEAR(made.At(4, 4, 0), made.At(4, 4, 1), 2);
  EXPECT_NEAR(made.At(4, 4, 1), made.At(4, 4, 2), 2);
  EXPECT_GT(made.At(4, 4, 0), 100);
  EXPECT_LT(made.At(4, 4, 0), 190);
}

// ---- icc ---------------------------------------------------------------

TEST(KeepIcc, LeavesTheColoursAsTheProfileMeansThem) {
  const Bytes profile = testing::AdobeRgbProfile();
  const Made jpeg = Make(Jpeg(Photo(), profile), RecipeFor("100x", "icc"));
  EXPECT_EQ(jpeg.attached.icc, profile);
  const Made unprofiled = Make(Jpeg(Photo(), {}), RecipeFor("100x", "none"));
  EXPECT_EQ(jpeg.picture.samples, unprofiled.picture.samples);
  const Made png = Make(Png(Photo(), profile), RecipeFor("100x", "all"));
  EXPECT_EQ(png.attached.icc, profile);
  const Made converted = Make(Png(Photo(), profile), RecipeFor("100x", "exif"));
  EXPECT_TRUE(converted.attached.icc.empty());
  EXPECT_LT(Psnr(png.picture, converted.picture), 40);
}

TEST(KeepIcc, GoesFromOneFormatToAnother) {
  const Bytes profile = testing::DisplayP3Profile();
  Recipe recipe = RecipeFor("100x", "icc");
  recipe.format = ImageFormat::kPng;
  EXPECT_EQ(Make(Jpeg(Photo(), profile), recipe).attached.icc, profile);
  recipe.format = ImageFormat::kJpeg;
  EXPECT_EQ(Make(Png(Photo(), profile), recipe).attached.icc, profile);
}

TEST(KeepIcc, KeepsAProfileOfSrgbToo) {
  const Bytes profile = testing::SrgbProfile();
  const Made made = Make(Jpeg(Photo(), profile), RecipeFor("100x", "icc"));
  EXPECT_EQ(made.attached.icc, profile);
  EXPECT_TRUE(
      Make(Jpeg(Photo(), {}), RecipeFor("100x", "icc")).attached.icc.empty());
}

TEST(KeepIcc, DropsAProfileThatCannotBeUsed) {
  const Bytes broken(300, 'x');
  const Made made = Make(Jpeg(Photo(), broken), RecipeFor("100x", "icc"));
  EXPECT_TRUE(made.attached.icc.empty());
  ASSERT_EQ(made.outcome.warnings.size(), 1u);
  // An RGB profile means nothing for grey samples.
  const Made grey =
      Make(Jpeg(Photo(1), testing::SrgbProfile()), RecipeFor("100x", "icc"));
  EXPECT_TRUE(grey.attached.icc.empty());
}

TEST(KeepIcc, TurnsInkIntoSrgbAllTheSame) {
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kPng}) {
    Recipe recipe = RecipeFor("100x", "icc");
    recipe.format = format;
    const Made made = Make(Jpeg(Photo(4), testing::CmykProfile()), recipe);
    EXPECT_TRUE(made.attached.icc.empty());
    EXPECT_EQ(made.picture.channels, 3);
  }
}

TEST(KeepIcc, KeepsAGreyProfileWhileThePictureStaysGrey) {
  const Bytes profile = testing::GreyProfile(1.8);
  Recipe recipe = RecipeFor("100", "icc", Fit::kContain);
  const Made white = Make(Jpeg(Photo(1), profile), recipe);
  EXPECT_EQ(white.picture.channels, 1);
  EXPECT_EQ(white.attached.icc, profile);
  recipe.background = {255, 0, 0};
  const Made red = Make(Jpeg(Photo(1), profile), recipe);
  EXPECT_EQ(red.picture.channels, 3);
  EXPECT_TRUE(red.attached.icc.empty());
}

// ---- exif, copyright ---------------------------------------------------

// Makes EXIF with orientation 6 and an artist.
Bytes SignedExif() {
  return {'I', 'I', 42, 0, 8,   0,   0,   0, 2, 0,    0x12, 1, 3,
          0,   1,   0,  0, 0,   6,   0,   0, 0, 0x3B, 1,    2, 0,
          4,   0,   0,  0, 'A', 'n', 'n', 0, 0, 0,    0,    0};
}

Bytes Signed() {
  JpegOptions options;
  options.exif = SignedExif();
  return testing::WriteJpeg(Photo(), options);
}

bool IsSigned(const Bytes& exif) {
  const std::string_view name("Ann");
  return std::search(exif.begin(), exif.end(), name.begin(), name.end()) !=
         exif.end();
}

TEST(KeepExif, SaysUprightOnceThePictureWasTurned) {
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kPng}) {
    Recipe recipe = RecipeFor("50x", "exif");
    recipe.format = format;
    const Made made = Make(Signed(), recipe);
    EXPECT_LT(made.picture.width, made.picture.height);
    EXPECT_EQ(ExifOrientation(made.attached.exif), 1);
    EXPECT_EQ(made.attached.exif.size(), SignedExif().size());
    EXPECT_TRUE(IsSigned(made.attached.exif));
  }
}

TEST(KeepExif, SaysHowThePictureLiesWhenItWasLeftSo) {
  Recipe recipe = RecipeFor("50x", "exif");
  recipe.rotate = false;
  const Made made = Make(Signed(), recipe);
  EXPECT_GT(made.picture.width, made.picture.height);
  EXPECT_EQ(ExifOrientation(made.attached.exif), 6);
}

TEST(KeepCopyright, KeepsTheArtistAlone) {
  const Made made = Make(Signed(), RecipeFor("50x", "copyright"));
  EXPECT_TRUE(IsSigned(made.attached.exif));
  EXPECT_EQ(made.attached.exif.size(), SignedExif().size() - 12);
  JpegOptions lying;
  lying.orientation = 6;
  const Made unsigned_ =
      Make(testing::WriteJpeg(Photo(), lying), RecipeFor("50x", "copyright"));
  EXPECT_TRUE(unsigned_.attached.exif.empty());
}

TEST(Keep, IsCountedAmongTheBytesOfThePrediction) {
  JpegOptions options;
  options.icc = std::string(300'000, 'x');
  options.exif = SignedExif();
  options.exif.resize(50'000);
  const auto header = PeekHeader(testing::WriteJpeg(Photo(), options));
  ASSERT_TRUE(header);
  const auto bytes = [&](std::string_view keep) {
    return EstimateCost(*header, RecipeFor("50x", keep), 1).output_bytes;
  };
  EXPECT_GE(bytes("icc"), bytes("none") + 300'000);
  EXPECT_GE(bytes("copyright"), bytes("none") + 50'000);
  EXPECT_EQ(bytes("exif"), bytes("copyright"));
  EXPECT_EQ(bytes("all") - bytes("none"),
            bytes("icc") + bytes("exif") - 2 * bytes("none"));
}

TEST(Keep, IsReadFromWordsAndWrittenBack) {
  EXPECT_EQ(*ParseKeep("none"), Keep());
  EXPECT_EQ(*ParseKeep("all"), (Keep{true, true, true}));
  EXPECT_EQ(*ParseKeep("copyright,icc"), (Keep{true, false, true}));
  EXPECT_EQ(ToText(*ParseKeep("copyright,icc")), "icc,copyright");
  EXPECT_EQ(ToText(Keep()), "none");
  for (const char* bad : {"", "icc,", "xmp", "icc;exif", "all,icc"})
    EXPECT_FALSE(ParseKeep(bad)) << bad;
}

}  // namespace
}  // namespace thumbmill
