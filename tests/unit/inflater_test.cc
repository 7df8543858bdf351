// Links: tm_net
#include "coordinator/net/inflater.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <string>
#include <vector>

namespace thumbmill {
namespace {

using Format = Inflater::Format;

constexpr int kGzip = 31, kZlib = 15, kRaw = -15;

std::string Coded(const std::string& text, int bits) {
  z_stream zlib{};
  EXPECT_EQ(deflateInit2(&zlib, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string out(text.size() + 1000, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&zlib, Z_FINISH), Z_STREAM_END);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

std::string Text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i);
  text.resize(size);
  return text;
}

// Returns the output when `coded` arrives in parts of `part` bytes; a "!" at
// the end means damage.
std::string Decode(Inflater* inflater, const std::string& coded,
                   std::size_t part, std::size_t room = 100) {
  std::string text;
  std::vector<std::uint8_t> out(room);
  for (std::size_t from = 0; from < coded.size(); from += part) {
    const std::string piece = coded.substr(from, part);
    ByteSpan input(reinterpret_cast<const std::uint8_t*>(piece.data()),
                   piece.size());
    while (true) {
      const auto made = inflater->Inflate(&input, out);
      if (!made) return text + "!";
      text.append(out.begin(), out.begin() + static_cast<long>(*made));
      if (*made == 0 && input.empty()) break;
    }
  }
  return text;
}

TEST(Inflater, ReadsGzipAndBothKindsOfDeflateInPartsOfAnySize) {
  const std::string text = Text(5000);
  for (const std::size_t part : {1u, 2u, 7u, 100000u}) {
    Inflater gzip(Format::kGzip), zlib(Format::kDeflate), raw(Format::kDeflate);
    EXPECT_EQ(Decode(&gzip, Coded(text, kGzip), part), text);
    EXPECT_EQ(Decode(&zlib, Coded(text, kZlib), part), text);
    EXPECT_EQ(Decode(&raw, Coded(text, kRaw), part), text);
    EXPECT_TRUE(gzip.ended() && zlib.ended() && raw.ended());
  }
}

TEST(Inflater, ReadsASecondMemberAndDropsWhatElseFollows) {
  const std::string one = Coded("one ", kGzip), two = Coded("two", kGzip);
  for (const std::size_t part : {1u, 100000u}) {
    Inflater inflater(Format::kGzip);
    EXPECT_EQ(Decode(&inflater, one + two + std::string(50, '\0'), part),
              "one two");
    EXPECT_TRUE(inflater.ended());
  }
}

TEST(Inflater, TellsDamageAndAnEndTooEarly) {
  std::string coded = Coded(Text(5000), kGzip);
  Inflater cut(Format::kGzip);
  Decode(&cut, coded.substr(0, coded.size() - 1), 64);
  EXPECT_FALSE(cut.ended());
  coded[coded.size() / 2] ^= 0x55;
  Inflater damaged(Format::kGzip), plain(Format::kGzip);
  EXPECT_EQ(Decode(&damaged, coded, 64).back(), '!');
  EXPECT_EQ(Decode(&plain, "\x89PNG", 64), "!");
}

TEST(Inflater, NeverMakesMoreThanThereIsRoomFor) {
  Inflater inflater(Format::kGzip);
  EXPECT_EQ(
      Decode(&inflater, Coded(std::string(1 << 20, 'x'), kGzip), 100000, 3),
      std::string(1 << 20, 'x'));
}

}  // namespace
}  // namespace thumbmill
