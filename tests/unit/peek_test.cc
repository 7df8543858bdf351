// Links: tm_image tm_pictures
#include "worker/image/codec/peek.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/tools/pictures.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/image/header/png_layout.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::MakePicture;
using testing::WriteJpeg;
using testing::WritePng;

Reason ReasonOf(std::string_view bytes) { return Sniff(AsBytes(bytes)).reason; }

TEST(Sniff, GoesByTheFirstBytes) {
  EXPECT_EQ(ReasonOf(""), Reason::kEmpty);
  EXPECT_EQ(ReasonOf("\xFF"), Reason::kNotImage);
  EXPECT_EQ(ReasonOf("\xFF\xD8"), Reason::kTruncated);
  EXPECT_EQ(ReasonOf("\xFF\xD8\xFF\xE0"), Reason::kNone);
  EXPECT_EQ(ReasonOf("\x89PNG\r\n\x1a\n"), Reason::kNone);
  EXPECT_EQ(ReasonOf("\x89PNG\r"), Reason::kTruncated);
  EXPECT_EQ(ReasonOf("RIFF....WEBPVP8 "), Reason::kNone);
  EXPECT_EQ(ReasonOf("GIF89a"), Reason::kNone);
  EXPECT_EQ(ReasonOf("....ftypavif...."), Reason::kNone);
  EXPECT_EQ(ReasonOf("\x09PNG\r\n\x1a\n----"), Reason::kCorrupt);
  EXPECT_EQ(ReasonOf("\x89PNG\n\n\x1a\n----"), Reason::kCorrupt);
}

TEST(Sniff, TellsOtherImagesFromWhatIsNone) {
  EXPECT_EQ(ReasonOf("BM................"), Reason::kUnsupported);
  EXPECT_EQ(ReasonOf(std::string_view("II*\0....", 8)), Reason::kUnsupported);
  EXPECT_EQ(ReasonOf("8BPS...."), Reason::kUnsupported);
  EXPECT_EQ(ReasonOf("<?xml version='1.0'?><svg/>"), Reason::kUnsupported);
  EXPECT_EQ(ReasonOf("  <svg xmlns='x'>"), Reason::kUnsupported);
  EXPECT_EQ(ReasonOf("<?xml version='1.0'?><Error/>"), Reason::kNotImage);
  EXPECT_EQ(ReasonOf("<!DOCTYPE html>"), Reason::kNotImage);
  EXPECT_EQ(ReasonOf("\x1F\x8B\x08"), Reason::kNotImage);
  EXPECT_EQ(ReasonOf(std::string(4096, '\0')), Reason::kNotImage);
  EXPECT_EQ(ReasonOf("GARBAGE\xFF\xD8\xFF\xE0"), Reason::kNotImage);
}

TEST(PeekHeader, ReadsJpeg) {
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kGradient, 101, 67, 3, 1));
  const auto header = PeekHeader(jpeg);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->format, ImageFormat::kJpeg);
  EXPECT_EQ(header->width, 101u);
  EXPECT_EQ(header->height, 67u);
  EXPECT_EQ(header->components, 3);
  EXPECT_FALSE(header->progressive);
  EXPECT_EQ(header->samples, 101u * 67 + 2 * 51 * 34);
}

TEST(PeekHeader, SeesWhatMakesAJpegBeKeptWhole) {
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kGradient, 10, 10, 3, 1),
                               {.progressive = true});
  EXPECT_TRUE(PeekHeader(jpeg)->progressive);
}

TEST(PeekHeader, ReadsPng) {
  const auto picture = MakePicture(Kind::kGradient, 31, 7, 4, 1);
  const auto header =
      PeekHeader(WritePng(picture, {.deep = true, .interlaced = true}));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->format, ImageFormat::kPng);
  EXPECT_EQ(header->width, 31u);
  EXPECT_EQ(header->height, 7u);
  EXPECT_EQ(header->components, 4);
  EXPECT_EQ(header->bits, 16);
  EXPECT_TRUE(header->interlaced);
}

TEST(PeekHeader, NamesTheFormatAloneWhereItDoesNotWalk) {
  const auto header = PeekHeader(AsBytes("GIF89a"));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->format, ImageFormat::kGif);
  EXPECT_EQ(header->width, 0u);
  EXPECT_FALSE(PeekHeader(AsBytes("hello")));
}

TEST(PeekHeader, GivesNoSizeBeforeItHasSeenIt) {
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kGradient, 10, 10, 3, 1));
  const auto header = PeekHeader(ByteSpan(jpeg).first(20));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->width, 0u);
}

TEST(WalkJpeg, TakesTheFirstExifAndTheProfileInPieces) {
  testing::JpegOptions options;
  options.orientation = 6;
  options.icc = std::string(100'000, 'p');  // two segments
  const Bytes jpeg =
      WriteJpeg(MakePicture(Kind::kGradient, 10, 10, 3, 1), options);
  const JpegLayout layout = WalkJpeg(jpeg);
  EXPECT_EQ(layout.exif.size(), testing::MakeExif(6).size());
  ASSERT_EQ(layout.icc.size(), 2u);
  EXPECT_EQ(layout.icc[0].size() + layout.icc[1].size(), 100'000u);
}

TEST(WalkJpegScans, ReadsEachHeaderAndStops) {
  const Bytes jpeg =
      WriteJpeg(MakePicture(Kind::kPhoto, 64, 64, 3, 1), {.progressive = true});
  const std::size_t first = WalkJpeg(jpeg).first_scan;
  const JpegScans all = WalkJpegScans(jpeg, first, 5, 100);
  EXPECT_TRUE(all.ends);
  ASSERT_EQ(all.scans.size(), 10u);
  // The scans follow libjpeg's own script: first the DC of all components
  // without its lowest bit; the lowest bits of luma come last.
  EXPECT_EQ(all.scans[0].components, (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(all.scans[0].last, 0);
  EXPECT_EQ(all.scans[0].low_bit, 1);
  EXPECT_EQ(all.scans[0].restart_interval, 5);
  EXPECT_EQ(all.scans[9].components, std::vector<std::uint8_t>{1});
  EXPECT_EQ(all.scans[9].first, 1);
  EXPECT_EQ(all.scans[9].last, 63);
  EXPECT_EQ(all.scans[9].high_bit, 1);
  EXPECT_EQ(WalkJpegScans(jpeg, first, 0, 3).scans.size(), 4u);
  const ByteSpan cut = ByteSpan(jpeg).first(jpeg.size() - 2);
  EXPECT_FALSE(WalkJpegScans(cut, first, 0, 100).ends);
}

TEST(WalkPng, FindsTheEndAndStopsAtACut) {
  const Bytes png =
      WritePng(MakePicture(Kind::kGradient, 9, 9, 3, 1), {.orientation = 3});
  EXPECT_TRUE(WalkPng(png).ends);
  EXPECT_EQ(WalkPng(png).data_end, png.size() - 12);
  EXPECT_EQ(WalkPng(png).exif.size(), testing::MakeExif(3).size());
  EXPECT_FALSE(WalkPng(ByteSpan(png).first(png.size() - 1)).ends);
}

TEST(WalkJpeg, TheByteAfterExifMayBeAny) {
  Bytes jpeg =
      WriteJpeg(MakePicture(Kind::kGradient, 8, 8, 3, 1), {.orientation = 6});
  const std::string_view text = AsText(jpeg);
  const std::size_t at = text.find(std::string_view("Exif\0\0", 6));
  ASSERT_NE(at, text.npos);
  const std::size_t size = WalkJpeg(jpeg).exif.size();
  jpeg[at + 5] = 0xFF;
  EXPECT_EQ(WalkJpeg(jpeg).exif.size(), size);
  EXPECT_GT(size, 0u);
}

}  // namespace
}  // namespace thumbmill
