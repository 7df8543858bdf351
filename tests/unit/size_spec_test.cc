// Links: tm_recipe
#include "proto/size_spec.h"

#include <gtest/gtest.h>

#include <string>

namespace thumbmill {
namespace {

SizeSpec Size(std::string_view text, Fit fit = Fit::kInside) {
  const Result<SizeSpec> size = ParseSize(text, fit);
  EXPECT_TRUE(size) << text << ": " << (size ? "" : size.error().what);
  return size.value_or(SizeSpec{});
}

TEST(SizeSpec, OneNumberIsASquareBox) {
  const SizeSpec size = Size("200");
  EXPECT_EQ(size.width, 200u);
  EXPECT_EQ(size.height, 200u);
  EXPECT_EQ(size.label, "200");
  EXPECT_EQ(size.text, "200");
}

TEST(SizeSpec, TwoNumbersAreABox) {
  const SizeSpec size = Size("200x100");
  EXPECT_EQ(size.width, 200u);
  EXPECT_EQ(size.height, 100u);
  EXPECT_EQ(size.label, "200x100");
}

TEST(SizeSpec, ASideThatIsLeftOutFollowsFromTheOther) {
  EXPECT_EQ(Size("200x").width, 200u);
  EXPECT_EQ(Size("200x").height, 0u);
  EXPECT_EQ(Size("200x").label, "200");
  EXPECT_EQ(Size("x64").width, 0u);
  EXPECT_EQ(Size("x64").height, 64u);
  EXPECT_EQ(Size("x64").label, "x64");
}

TEST(SizeSpec, SuffixesOverrideFitForTheirSize) {
  EXPECT_EQ(Size("200x100!").fit, Fit::kFill);
  EXPECT_EQ(Size("200x100!").enlarge, Enlarge::kAlways);
  EXPECT_EQ(Size("200^", Fit::kContain).fit, Fit::kCover);
  EXPECT_EQ(Size("200^").enlarge, Enlarge::kAlways);
  EXPECT_EQ(Size("200<").enlarge, Enlarge::kOnlyEnlarge);
  EXPECT_EQ(Size("200x>").enlarge, Enlarge::kOnlyShrink);
  EXPECT_EQ(Size("200", Fit::kOutside).fit, Fit::kOutside);
  EXPECT_EQ(Size("200").enlarge, Enlarge::kDefault);
}

TEST(SizeSpec, TheLabelHasNeitherSuffixNorTrailingX) {
  EXPECT_EQ(Size("200x100^").label, "200x100");
  EXPECT_EQ(Size("200x<").label, "200");
  EXPECT_EQ(Size("200x<").text, "200x<");
}

TEST(SizeSpec, TakesSidesFrom1To65535) {
  EXPECT_EQ(Size("1").width, 1u);
  EXPECT_EQ(Size("65535x1").width, 65535u);
  for (const char* text : {"0", "65536", "200x0", "x0", "0x", "4294967296",
                           "4294967497x", "99999999999999999999999x1"})
    EXPECT_FALSE(ParseSize(text, Fit::kInside)) << text;
}

TEST(SizeSpec, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "x", "!", "x!", "abc", "-5", "+5", " 200", "200 ", "200x100x",
        "200X100", "200!!", "!200", "2e2", "200x-1", "20.5", "0x10x"})
    EXPECT_FALSE(ParseSize(text, Fit::kInside)) << text;
}

TEST(SizeSpec, ErrorsSayWhatToType) {
  const Result<SizeSpec> size = ParseSize("huge", Fit::kInside);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::kUsage);
  EXPECT_NE(size.error().what.find("'huge'"), std::string::npos);
  EXPECT_NE(size.error().what.find("200x100"), std::string::npos);
}

TEST(Words, EachFitFilterAndFailOnIsReadBack) {
  for (const Fit fit :
       {Fit::kInside, Fit::kOutside, Fit::kCover, Fit::kContain, Fit::kFill})
    EXPECT_EQ(ParseFit(ToString(fit)), fit);
  for (const FilterKind filter :
       {FilterKind::kLanczos3, FilterKind::kMitchell, FilterKind::kCubic,
        FilterKind::kLinear, FilterKind::kBox, FilterKind::kNearest})
    EXPECT_EQ(ParseFilter(ToString(filter)), filter);
  for (const FailOn fail_on :
       {FailOn::kNone, FailOn::kTruncated, FailOn::kError, FailOn::kWarning})
    EXPECT_EQ(ParseFailOn(ToString(fail_on)), fail_on);
}

TEST(Words, AnUnknownOneNamesThoseThatAreKnown) {
  const Result<Fit> fit = ParseFit("squash");
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().code, ErrorCode::kUsage);
  EXPECT_NE(fit.error().what.find("contain"), std::string::npos);
}

TEST(OutputFormat, TakesJpgJpegPngWebpAndSame) {
  EXPECT_EQ(ParseOutputFormat("jpg"), ImageFormat::kJpeg);
  EXPECT_EQ(ParseOutputFormat("jpeg"), ImageFormat::kJpeg);
  EXPECT_EQ(ParseOutputFormat("png"), ImageFormat::kPng);
  EXPECT_EQ(ParseOutputFormat("webp"), ImageFormat::kWebp);
  EXPECT_EQ(ParseOutputFormat("same"), ImageFormat::kUnknown);
}

TEST(OutputFormat, SaysThatAvifCannotBeWritten) {
  const Result<ImageFormat> format = ParseOutputFormat("avif");
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().code, ErrorCode::kUsage);
  EXPECT_NE(format.error().what.find("avif"), std::string::npos);
}

TEST(Colour, IsANameOrHexadecimal) {
  EXPECT_EQ(ParseColour("white"), (Rgb{255, 255, 255}));
  EXPECT_EQ(ParseColour("black"), (Rgb{0, 0, 0}));
  EXPECT_EQ(ParseColour("#f80"), (Rgb{0xff, 0x88, 0}));
  EXPECT_EQ(ParseColour("#12aBfF"), (Rgb{0x12, 0xab, 0xff}));
}

TEST(Colour, RefusesWhatIsNone) {
  for (const char* text : {"", "#", "#12", "#1234567", "#gggggg", "#-1-1-1",
                           "transparent", "ffffff", "# ff"})
    EXPECT_FALSE(ParseColour(text)) << text;
}

TEST(Quality, SetsThatOfTheFormatsNamedOrOfAll) {
  Recipe recipe;
  EXPECT_TRUE(ParseQuality("85", &recipe));
  EXPECT_EQ(recipe.jpeg_quality, 85);
  EXPECT_EQ(recipe.webp_quality, 85);
  EXPECT_TRUE(ParseQuality("webp=70,jpg=90", &recipe));
  EXPECT_EQ(recipe.jpeg_quality, 90);
  EXPECT_EQ(recipe.webp_quality, 70);
  EXPECT_TRUE(ParseQuality("jpg=1", &recipe));
  EXPECT_EQ(recipe.jpeg_quality, 1);
  EXPECT_TRUE(ParseQuality("jpeg=100", &recipe));
  EXPECT_EQ(recipe.jpeg_quality, 100);
}

TEST(Quality, RefusesWhatIsNoneOrHasNone) {
  for (const char* text : {"", "0", "101", "jpg=", "jpg", "=80", "png=80x",
                           "gif=80", "jpg=80,", "80%", "-1"}) {
    Recipe recipe;
    const Status status = ParseQuality(text, &recipe);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace thumbmill
