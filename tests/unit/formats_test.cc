// Links: tm_image tm_recipe
#include "worker/image/codec/formats.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(ImageFormatRows, AreInTheOrderOfTheEnumerators) {
  std::size_t next = 1;
  for (const ImageFormatRow& row : ImageFormatRows()) {
    EXPECT_EQ(IndexOf(row.format), next++);
    EXPECT_EQ(&RowOf(row.format), &row);
    EXPECT_FALSE(row.name.empty());
    EXPECT_TRUE(row.mime_type.starts_with("image/")) << row.name;
  }
  EXPECT_EQ(next, kImageFormats);
}

TEST(ImageFormatRows, NoTwoFormatsShareAnExtension) {
  for (const ImageFormatRow& row : ImageFormatRows()) {
    EXPECT_EQ(FormatFromExtension(row.extension), row.format);
    for (const std::string_view other : row.other_extensions) {
      if (other.empty()) continue;
      EXPECT_EQ(FormatFromExtension(other), row.format);
    }
  }
}

TEST(ImageFormatRows, ExtensionsMayHaveCapitalLetters) {
  EXPECT_EQ(FormatFromExtension("JPG"), ImageFormat::kJpeg);
  EXPECT_EQ(FormatFromExtension("jFif"), ImageFormat::kJpeg);
  EXPECT_EQ(FormatFromExtension("jp"), ImageFormat::kUnknown);
  EXPECT_EQ(FormatFromExtension("peg"), ImageFormat::kUnknown);
  EXPECT_EQ(FormatFromExtension(""), ImageFormat::kUnknown);
}

TEST(FormatCodecs, HaveARowForEachFormat) {
  for (const ImageFormatRow& row : ImageFormatRows()) {
    const FormatCodec& codec = CodecOf(row.format);
    EXPECT_EQ(codec.format, row.format) << row.name;
    EXPECT_NE(codec.sniff, nullptr) << row.name;
    EXPECT_NE(codec.peek, nullptr) << row.name;
    EXPECT_NE(codec.open, nullptr) << row.name;
    EXPECT_NE(codec.memory, nullptr) << row.name;
  }
}

TEST(FormatCodecs, HaveAWriterWhereThumbnailsCanBeWritten) {
  for (const ImageFormatRow& row : ImageFormatRows()) {
    EXPECT_EQ(CodecOf(row.format).writer != nullptr, row.can_be_written)
        << row.name;
    if (!row.can_be_written) continue;
    const FormatWriter& writer = WriterOf(row.format);
    EXPECT_GT(writer.longest_side, 0u) << row.name;
    EXPECT_NE(writer.memory, nullptr) << row.name;
    EXPECT_NE(writer.file_bytes, nullptr) << row.name;
    EXPECT_NE(writer.encode, nullptr) << row.name;
  }
}

}  // namespace
}  // namespace thumbmill
