// Links: tm_image tm_recipe tm_pictures
#include "worker/thumbnailer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::JpegOptions;
using testing::Kind;
using testing::Made;
using testing::Make;
using testing::MakePicture;
using testing::Picture;
using testing::PngOptions;
using testing::Psnr;
using testing::ReadJpeg;
using testing::ReadPng;
using testing::RecipeFor;
using testing::WriteJpeg;
using testing::WritePng;

const Picture& Photo() {
  static const Picture photo = MakePicture(Kind::kPhoto, 403, 301, 3, 5);
  return photo;
}

TEST(Thumbnailer, MakesEachSizeOfTheMaskFromOneDecode) {
  const Bytes jpeg = WriteJpeg(Photo());
  const Made made = Make(jpeg, RecipeFor("200x,64x,32x"), 0b101);
  ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
  ASSERT_EQ(made.outcome.thumbnails.size(), 2u);
  EXPECT_EQ(made.outcome.thumbnails[0].size_index, 0u);
  EXPECT_EQ(made.outcome.thumbnails[1].size_index, 2u);
  EXPECT_EQ(made.outcome.source_width, 403u);
  EXPECT_EQ(made.outcome.source_height, 301u);
  EXPECT_EQ(made.Decoded(0).width, 200u);
  EXPECT_EQ(made.Decoded(0).height, 149u);
  EXPECT_EQ(made.Decoded(1).width, 32u);
  EXPECT_EQ(made.Decoded(1).height, 24u);
}

TEST(Thumbnailer, GivesTheSameBytesWhateverElseIsMade) {
  const Bytes jpeg = WriteJpeg(Photo());
  Recipe recipe = RecipeFor("100x,50x");
  const Made both = Make(jpeg, recipe), again = Make(jpeg, recipe);
  EXPECT_TRUE(std::ranges::equal(both.Encoded(1), again.Encoded(1)));
  Thumbnailer seasoned(recipe);
  Bytes output(1 << 20);
  const Bytes other = WriteJpeg(MakePicture(Kind::kNoise, 77, 99, 3, 1));
  ASSERT_TRUE(seasoned.Run(other, 3, output).ok());
  const Outcome outcome = seasoned.Run(jpeg, 3, output);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(std::ranges::equal(
      both.Encoded(0),
      ByteSpan(output).first(outcome.thumbnails[0].bytes.length)));
}

TEST(Thumbnailer, SaysToTheByteHowMuchRoomItNeeds) {
  const Recipe recipe = RecipeFor("200x,64x,32x");
  for (const Bytes& bytes : {WriteJpeg(Photo()), WritePng(Photo())}) {
    const Made whole = Make(bytes, recipe);
    const ByteRange last = whole.outcome.thumbnails[2].bytes;
    const std::uint64_t needed = last.offset + last.length;
    for (const std::size_t room :
         {std::size_t{0}, std::size_t{100}, std::size_t{needed - 1}}) {
      const Made made = Make(bytes, recipe, 7, room);
      EXPECT_EQ(made.outcome.needs_output_bytes, needed) << room;
      EXPECT_EQ(made.outcome.reason, Reason::kNone);
      EXPECT_FALSE(made.outcome.ok());
      EXPECT_TRUE(made.outcome.thumbnails.empty());
    }
    EXPECT_TRUE(Make(bytes, recipe, 7, needed).outcome.ok());
  }
}

TEST(Thumbnailer, ReadsEveryKindOfJpeg) {
  const Recipe recipe = RecipeFor("100x");
  const Picture plain = Make(WriteJpeg(Photo()), recipe).Decoded();
  for (const bool progressive : {false, true})
    for (const bool arithmetic : {false, true})
      for (const int h : {1, 2, 4}) {
        JpegOptions options;
        options.progressive = progressive;
        options.arithmetic = arithmetic;
        options.h_samp = h;
        options.restart_rows = h;
        const Made made = Make(WriteJpeg(Photo(), options), recipe);
        ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
        EXPECT_GE(Psnr(made.Decoded(), plain), 35);
      }
}

TEST(Thumbnailer, ReadsRgbJpegAndGreyJpeg) {
  JpegOptions rgb;
  rgb.adobe_rgb = true;
  const Recipe recipe = RecipeFor("100x");
  const Picture plain = Make(WriteJpeg(Photo()), recipe).Decoded();
  const Made made = Make(WriteJpeg(Photo(), rgb), recipe);
  EXPECT_GE(Psnr(made.Decoded(), plain), 35);
  const Made grey =
      Make(WriteJpeg(MakePicture(Kind::kPhoto, 403, 301, 1, 5)), recipe);
  ASSERT_TRUE(grey.outcome.ok());
  EXPECT_EQ(grey.Decoded().channels, 1);
}

TEST(Thumbnailer, TurnsInkIntoLight) {
  Picture ink{64, 64, 4, {}};  // Adobe's way: 255 is no ink; left is cyan
  for (int i = 0; i < 64 * 64; ++i) {
    const bool cyan = i % 64 < 32;
    ink.samples.insert(
        ink.samples.end(),
        {static_cast<std::uint8_t>(cyan ? 0 : 255), 255, 255, 255});
  }
  for (const bool ycck : {false, true}) {
    JpegOptions options;
    options.ycck = ycck;
    options.h_samp = options.v_samp = 1;
    const Made made = Make(WriteJpeg(ink, options), RecipeFor("32x"));
    ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
    const Picture p = made.Decoded();
    EXPECT_LT(p.At(4, 16, 0), 40) << ycck;
    EXPECT_GT(p.At(4, 16, 2), 180) << ycck;
    EXPECT_GT(p.At(28, 16, 0), 240) << ycck;
    EXPECT_GT(p.At(28, 16, 1), 240) << ycck;
  }
}

TEST(Thumbnailer, ReadsEveryKindOfPng) {
  const Recipe recipe = RecipeFor("100x");
  for (int channels = 1; channels <= 4; ++channels) {
    const Picture picture = MakePicture(Kind::kGradient, 201, 151, channels, 1);
    const Picture plain = Make(WritePng(picture), recipe).Decoded();
    EXPECT_EQ(plain.channels, channels);
    for (const bool deep : {false, true})
      for (const bool interlaced : {false, true}) {
        const PngOptions options{.deep = deep, .interlaced = interlaced};
        const Made made = Make(WritePng(picture, options), recipe);
        ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
        EXPECT_GE(Psnr(made.Decoded(), plain), 50)
            << channels << " channels, deep " << deep;
      }
  }
  const Picture picture = MakePicture(Kind::kGradient, 201, 151, 3, 1);
  const Made palette = Make(WritePng(picture, {.palette = true}), recipe);
  ASSERT_TRUE(palette.outcome.ok());
  EXPECT_EQ(palette.Decoded().channels, 3);
}

TEST(Thumbnailer, LaysAlphaOnTheBackgroundInJpeg) {
  Picture clear{40, 40, 4, {}};
  for (int i = 0; i < 1600; ++i)
    clear.samples.insert(clear.samples.end(), {200, 10, 10, 0});
  Recipe recipe = RecipeFor("20x");
  recipe.format = ImageFormat::kJpeg;
  recipe.background = {0, 0, 250};
  const Picture p = Make(WritePng(clear), recipe).Decoded();
  EXPECT_LT(p.At(10, 10, 0), 8);
  EXPECT_GT(p.At(10, 10, 2), 240);
}

TEST(Thumbnailer, LetsNoColourOfClearPixelsBleed) {
  // Opaque blue, and transparent red that must not show.
  Picture p{64, 64, 4, {}};
  for (int i = 0; i < 64 * 64; ++i) {
    if (i % 64 < 32)
      p.samples.insert(p.samples.end(), {0, 0, 255, 255});
    else
      p.samples.insert(p.samples.end(), {255, 0, 0, 0});
  }
  const Picture out = Make(WritePng(p), RecipeFor("16x")).Decoded();
  for (std::uint32_t x = 0; x < 16; ++x) {
    if (out.At(x, 8, 3) <= 8) continue;
    EXPECT_LT(out.At(x, 8, 0), 4) << x;
  }
}

TEST(Thumbnailer, PadsWithTheBackground) {
  Recipe recipe = RecipeFor("60", Fit::kContain);
  recipe.background = {250, 0, 0};
  const Picture grey = MakePicture(Kind::kGradient, 120, 60, 1, 1);
  for (const Bytes& bytes : {WriteJpeg(grey), WritePng(grey)}) {
    const Picture p = Make(bytes, recipe).Decoded();
    EXPECT_EQ(p.width, 60u);
    EXPECT_EQ(p.height, 60u);
    ASSERT_EQ(p.channels, 3);
    EXPECT_GT(p.At(30, 3, 0), 240);
    EXPECT_LT(p.At(30, 3, 1), 10);
    EXPECT_NEAR(p.At(30, 30, 0), p.At(30, 30, 1), 6);
  }
}

TEST(Thumbnailer, WritesWhatTheRecipeNames) {
  Recipe recipe = RecipeFor("50x");
  recipe.format = ImageFormat::kPng;
  EXPECT_EQ(Make(WriteJpeg(Photo()), recipe).outcome.output_format,
            ImageFormat::kPng);
  recipe.format = ImageFormat::kWebp;
  EXPECT_EQ(Make(WriteJpeg(Photo()), recipe).outcome.output_format,
            ImageFormat::kWebp);
}

TEST(Thumbnailer, HalvesChromaBelowQualityNinetyOnly) {
  Recipe recipe = RecipeFor("100x");
  for (const Kind kind : {Kind::kPhoto, Kind::kNoise}) {
    const Bytes jpeg = WriteJpeg(MakePicture(kind, 300, 200, 3, 3));
    for (const int quality : {80, 95}) {
      recipe.jpeg_quality = quality;
      const Made made = Make(jpeg, recipe);
      const auto header = PeekHeader(made.Encoded());
      ASSERT_TRUE(header);
      const std::uint64_t pixels = 100 * 67;
      EXPECT_EQ(header->samples,
                quality < 90 ? pixels + 2 * 50 * 34 : 3 * pixels);
    }
  }
}

TEST(Thumbnailer, UsesEveryFilter) {
  const Bytes png = WritePng(MakePicture(Kind::kPhoto, 200, 150, 3, 5));
  Recipe recipe = RecipeFor("50x");
  const Picture lanczos = Make(png, recipe).Decoded();
  std::vector<Picture> seen = {lanczos};
  for (const FilterKind filter :
       {FilterKind::kMitchell, FilterKind::kCubic, FilterKind::kLinear,
        FilterKind::kBox, FilterKind::kNearest}) {
    recipe.filter = filter;
    const Picture p = Make(png, recipe).Decoded();
    EXPECT_GE(Psnr(p, lanczos), 28) << ToString(filter);
    for (const Picture& other : seen)
      EXPECT_NE(p.samples, other.samples) << ToString(filter);
    seen.push_back(p);
  }
}

TEST(Thumbnailer, EnlargesAndKeepsAOnePixelPictureOnePixel) {
  const Picture dot = MakePicture(Kind::kGradient, 1, 1, 3, 1);
  Recipe recipe = RecipeFor("64x");
  EXPECT_EQ(Make(WriteJpeg(dot), recipe).Decoded().width, 1u);
  recipe.enlarge = true;
  const Picture large = Make(WriteJpeg(dot), recipe).Decoded();
  EXPECT_EQ(large.width, 64u);
  EXPECT_EQ(large.height, 64u);
}

TEST(Thumbnailer, NotesThePhaseThatItIsIn) {
  const Bytes jpeg = WriteJpeg(Photo());
  std::vector<std::uint8_t> output(1 << 20);
  const auto phase_after = [&](ByteSpan bytes) {
    PhaseCell phase{Phase::kNone};
    Thumbnailer thumbnailer(RecipeFor("100x"), &phase);
    (void)thumbnailer.Run(bytes, 1, output);
    return phase.load();
  };
  EXPECT_EQ(phase_after(ByteSpan(jpeg).first(20)), Phase::kHeader);
  EXPECT_EQ(phase_after(ByteSpan(jpeg).first(jpeg.size() / 2)), Phase::kDecode);
  EXPECT_EQ(phase_after(jpeg), Phase::kEncode);
}

TEST(Thumbnailer, RefusesWhatIsBeyondItsLimits) {
  const Bytes jpeg = WriteJpeg(Photo(), {.progressive = true});
  Recipe recipe = RecipeFor("100x");
  recipe.limits.max_pixels = 403 * 301 - 1;
  EXPECT_EQ(Make(jpeg, recipe).outcome.reason, Reason::kTooManyPixels);
  recipe.limits = {};
  recipe.limits.max_scans = 9;
  EXPECT_EQ(Make(jpeg, recipe).outcome.reason, Reason::kTooCostly);
  recipe.limits = {};
  recipe.limits.max_output_pixels = 100;
  EXPECT_EQ(Make(jpeg, recipe).outcome.reason, Reason::kTooCostly);
  recipe.limits = {};
  recipe.limits.max_peak_bytes = 1 << 20;
  EXPECT_EQ(Make(jpeg, recipe).outcome.reason, Reason::kTooCostly);
  recipe.limits.max_peak_bytes = 64 << 20;
  EXPECT_TRUE(Make(jpeg, recipe).outcome.ok());
}

TEST(Thumbnailer, FailsOnWhatItIsToldToFailOn) {
  const Bytes jpeg = WriteJpeg(Photo());
  const Bytes png = WritePng(Photo());
  for (const Bytes* whole : {&jpeg, &png}) {
    const ByteSpan half = ByteSpan(*whole).first(whole->size() / 2);
    Recipe recipe = RecipeFor("100x");
    for (const FailOn fail_on :
         {FailOn::kTruncated, FailOn::kError, FailOn::kWarning}) {
      recipe.fail_on = fail_on;
      EXPECT_EQ(Make(half, recipe).outcome.reason, Reason::kTruncated)
          << ToString(fail_on);
    }
    recipe.fail_on = FailOn::kNone;
    const Made made = Make(half, recipe);
    EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
    EXPECT_FALSE(made.outcome.warnings.empty());
    EXPECT_EQ(made.Decoded().width, 100u);
  }
}

TEST(Thumbnailer, TellsDamageFromTruncation) {
  JpegOptions options;
  options.restart_rows = 1;
  Bytes jpeg = WriteJpeg(Photo(), options);
  for (std::size_t i = jpeg.size() / 2; i < jpeg.size() / 2 + 40; ++i)
    jpeg[i] = 0x55;
  Recipe recipe = RecipeFor("100x");
  EXPECT_EQ(Make(jpeg, recipe).outcome.reason, Reason::kCorrupt);
  recipe.fail_on = FailOn::kTruncated;
  const Made made = Make(jpeg, recipe);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  EXPECT_FALSE(made.outcome.warnings.empty());
}

TEST(Thumbnailer, FailsOnAnyWarningOnlyWhenToldTo) {
  Bytes jpeg = WriteJpeg(Photo());
  jpeg.insert(jpeg.begin() + 2, {1, 2, 3});  // junk between segments
  Recipe recipe = RecipeFor("100x");
  const Made made = Make(jpeg, recipe);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  EXPECT_EQ(made.outcome.warnings.size(), 1u);
  recipe.fail_on = FailOn::kWarning;
  EXPECT_EQ(Make(jpeg, recipe).outcome.reason, Reason::kCorrupt);
}

TEST(Thumbnailer, IgnoresABrokenProfileWithAWarning) {
  JpegOptions options;
  options.icc = "this is no profile";
  const Made made = Make(WriteJpeg(Photo(), options), RecipeFor("100x"));
  EXPECT_TRUE(made.outcome.ok());
  ASSERT_EQ(made.outcome.warnings.size(), 1u);
  const Made plain = Make(WriteJpeg(Photo()), RecipeFor("100x"));
  EXPECT_EQ(made.Decoded().samples, plain.Decoded().samples);
}

TEST(Thumbnailer, KeepsNoMetadataButJfif) {
  JpegOptions options;
  options.orientation = 6;
  const Made made = Make(WriteJpeg(Photo(), options), RecipeFor("100x"));
  const std::string_view text = AsText(made.Encoded());
  EXPECT_EQ(text.find("Exif"), text.npos);
  EXPECT_NE(text.find("JFIF"), text.npos);
}

}  // namespace
}  // namespace thumbmill
