// Links: tm_net
#include "coordinator/net/content_coding.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace thumbmill {
namespace {

using Kind = ContentCoding::Kind;

Kind KindOf(std::initializer_list<const char*> headers) {
  ContentCoding coding;
  for (const char* value : headers) coding.Add(value);
  return coding.kind();
}

TEST(ContentCoding, WordsThatNameNoCompressionArePlain) {
  for (const char* value : {"", " ", ",,", "identity", "utf-8", "binary",
                            "aws-chunked", "none", "gzipped", "IDENTITY;q=1"})
    EXPECT_EQ(KindOf({value}), Kind::kPlain) << value;
}

TEST(ContentCoding, OneCompressionIsDecodedWhateverIsSaidBesideIt) {
  for (const char* value : {"gzip", "x-gzip", "GZIP", " gzip ;q=1",
                            "utf-8, gzip", "gzip, identity", "gzip,"})
    EXPECT_EQ(KindOf({value}), Kind::kGzip) << value;
  EXPECT_EQ(KindOf({"identity", "gzip", ""}), Kind::kGzip);
  EXPECT_EQ(KindOf({"gzip", "identity"}), Kind::kGzip);
  EXPECT_EQ(KindOf({"Deflate"}), Kind::kDeflate);
}

TEST(ContentCoding, SeveralLayersAndOtherDecodersAreRefused) {
  EXPECT_EQ(KindOf({"gzip, gzip"}), Kind::kRefused);
  EXPECT_EQ(KindOf({"gzip", "deflate"}), Kind::kRefused);
  EXPECT_EQ(KindOf({"gzip", "identity", "gzip"}), Kind::kRefused);
  for (const char* value : {"br", "zstd", "ZSTD", "compress", "utf-8, br"})
    EXPECT_EQ(KindOf({value}), Kind::kRefused) << value;
}

TEST(ContentCoding, ShowsWhatWasAnnouncedButNotWithoutEnd) {
  ContentCoding coding;
  for (int i = 0; i < 1000; ++i) coding.Add("gzip");
  EXPECT_EQ(coding.words().substr(0, 12), "gzip, gzip, ");
  EXPECT_LT(coding.words().size(), 200u);
}

TEST(ContentCoding, OnlyChunksAreAWelcomeTransferCoding) {
  EXPECT_EQ(UnaskedTransferCoding("chunked"), "");
  EXPECT_EQ(UnaskedTransferCoding("Identity, CHUNKED"), "");
  EXPECT_EQ(UnaskedTransferCoding(""), "");
  EXPECT_EQ(UnaskedTransferCoding("gzip, chunked"), "gzip");
  EXPECT_EQ(UnaskedTransferCoding("chunked, x-gzip"), "x-gzip");
}

}  // namespace
}  // namespace thumbmill
