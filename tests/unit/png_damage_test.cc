// Links: tm_image tm_recipe tm_pictures
//
// Tests PNGs with faults that cost a sample: the file fails. docs/images.md has
// the table.
#include <gtest/gtest.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <vector>

#include "tests/unit/png_faults.h"

namespace thumbmill {
namespace {

struct Damage {
  const char* name;
  std::function<void(Chunks*)> apply;
  Reason reason;
  friend void PrintTo(const Damage& damage, std::ostream* out) {
    *out << damage.name;
  }
};

// Replaces the raster by one that lacks its last `bytes`, or has an invalid
// filter.
void ReplaceRaster(Chunks* chunks, std::size_t bytes, bool spoil_filter) {
  const Bytes stream = Stream(*chunks);
  Bytes raster(1 << 20);
  uLongf size = static_cast<uLongf>(raster.size());
  ASSERT_EQ(uncompress(raster.data(), &size, stream.data(),
                       static_cast<uLong>(stream.size())),
            Z_OK);
  raster.resize(size - bytes);
  if (spoil_filter) raster[0] = 9;
  ReplaceStream(chunks, {{"IDAT", testing::Deflated(raster)}});
}

const std::vector<Damage>& Damages() {
  static const std::vector<Damage> damages = {
#ifndef PNG_IGNORE_ADLER32
      // Debian 13 builds libpng without the switch that ignores this sum.
      {"the stream's check sum wrong", SpoilStreamSum, Reason::kCorrupt},
#endif
      {"half the stream",
       [](Chunks* c) {
         ReplaceStream(c, {{"IDAT", Stream(*c)}});
         Chunk& data = Find(c, "IDAT");
         data.raw = Written(data);
         data.raw.resize(data.raw.size() / 2);
         c->pop_back();
       },
       Reason::kTruncated},
      {"a file that ends between two data chunks",
       [](Chunks* c) {
         SplitStreamBy(c, {"IDAT", {}});
         c->resize(c->size() - 2);
       },
       Reason::kTruncated},
      {"a stream that ends early in its chunk",
       [](Chunks* c) { ShortenStream(c, Stream(*c).size() / 2); },
       Reason::kCorrupt},
      {"a row less", [](Chunks* c) { ReplaceRaster(c, 1, false); },
       Reason::kCorrupt},
      {"no legal filter", [](Chunks* c) { ReplaceRaster(c, 0, true); },
       Reason::kCorrupt},
      {"the data's check sum", [](Chunks* c) { SpoilSum(&Find(c, "IDAT")); },
       Reason::kCorrupt},
      {"a changed byte of the data",
       [](Chunks* c) {
         Chunk& data = Find(c, "IDAT");
         data.raw = Written(data);
         data.raw[data.raw.size() / 2] ^= 4;
       },
       Reason::kCorrupt},
      {"wrong parts between others",
       [](Chunks* c) {
         SplitStreamBy(c, kText);
         c->at(c->size() - 2).data[5] ^= 4;
       },
       Reason::kCorrupt},
      {"a wrong check sum of data with others between",
       [](Chunks* c) {
         SplitStreamBy(c, kText);
         c->at(c->size() - 2).data.back() ^= 4;
       },
       Reason::kCorrupt},
      {"IHDR's check sum", [](Chunks* c) { SpoilSum(&c->front()); },
       Reason::kCorrupt},
      {"a second IHDR",
       [](Chunks* c) { InsertBefore(c, "IDAT", Find(c, "IHDR")); },
       Reason::kCorrupt},
      {"text before IHDR", [](Chunks* c) { InsertBefore(c, "IHDR", kText); },
       Reason::kCorrupt},
      {"unknown critical chunk",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", {"ABCD", {1}});
       },
       Reason::kUnsupported},
      {"damaged critical chunk",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", WithWrongSum({"ABCD", {1}}));
       },
       Reason::kCorrupt},
      {"no data", [](Chunks* c) { ReplaceStream(c, {}); }, Reason::kCorrupt},
      {"neither data nor end",
       [](Chunks* c) {
         ReplaceStream(c, {});
         c->pop_back();
       },
       Reason::kTruncated},
      {"a type that is none",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", {"t3xt", {1}});
       },
       Reason::kCorrupt},
      {"CgBI",
       [](Chunks* c) {
         InsertBefore(c, "IHDR", {"CgBI", {0x50, 0, 0x20, 2}});
       },
       Reason::kUnsupported},
      {"stream of another method",
       [](Chunks* c) {
         Bytes stream = Stream(*c);
         stream[0] = 0x77;
         stream[1] = 0x85;
         ReplaceStream(c, {{"IDAT", stream}});
       },
       Reason::kCorrupt},
      {"stream's head without its check",
       [](Chunks* c) {
         Bytes stream = Stream(*c);
         stream[1] ^= 1;
         ReplaceStream(c, {{"IDAT", stream}});
       },
       Reason::kCorrupt},
  };
  return damages;
}

class PngDamage : public ::testing::TestWithParam<Damage> {};

TEST_P(PngDamage, IsRefused) {
  for (const Source& source : Sources()) {
    SCOPED_TRACE(source.name);
    Chunks chunks = SplitChunks(source.png);
    GetParam().apply(&chunks);
    const Made made = Make(Join(chunks));
    EXPECT_EQ(made.outcome.reason, GetParam().reason) << made.outcome.message;
    EXPECT_FALSE(made.outcome.message.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Damages, PngDamage, ::testing::ValuesIn(Damages()));

TEST(Png, IsTruncatedUntilItsLastPixelHasCome) {
  for (const Source& source : Sources()) {
    SCOPED_TRACE(source.name);
    const Made whole = Make(source.png);
    bool done = false;
    const std::size_t near = source.png.size() - 60;
    for (std::size_t size = 33; size < source.png.size();
         size = size < near ? std::min(size + 97, near) : size + 1) {
      const Made made =
          Make(Bytes(source.png.begin(),
                     source.png.begin() + static_cast<std::ptrdiff_t>(size)));
      if (!made.outcome.ok()) {
        EXPECT_EQ(made.outcome.reason, Reason::kTruncated) << size;
        EXPECT_FALSE(done) << "less was enough than " << size;
        continue;
      }
      done = true;
      EXPECT_EQ(made.thumbnail, whole.thumbnail) << size;
    }
    EXPECT_TRUE(done);
  }
}

// ---- the window ----------------------------------------------------------

// Makes rows that repeat much earlier rows, so that matches reach far back.
Bytes FarMatches(std::uint8_t window_code, bool interlaced) {
  testing::RawPng png;
  png.width = 64;
  png.height = 64;
  png.colour_type = 2;
  Bytes raster = testing::MakeRaster(png, 1, 7);
  const std::size_t period = 8 * png.row_bytes();
  for (std::size_t i = period; i < raster.size(); ++i)
    raster[i] = raster[i - period];
  png.stream = testing::Deflated(raster, 9);
  png.stream[0] = static_cast<std::uint8_t>(8 | window_code << 4);
  png.stream[1] = static_cast<std::uint8_t>(31 - (png.stream[0] << 8) % 31);
  Bytes file = testing::AssemblePng(png);
  if (!interlaced) return file;
  Chunks chunks = SplitChunks(file);
  chunks[0].data[12] = 1;  // interlaced: the same samples in another order
  return Join(chunks);
}

TEST(Png, IsReadWithTheWholeWindowWhateverItsStreamSays) {
  for (const bool interlaced : {false, true}) {
    const Made whole = Make(FarMatches(7, interlaced));
    ASSERT_EQ(whole.outcome.ok(), !interlaced);
    for (std::uint8_t code = 0; code < 7; ++code) {
      const Made made = Make(FarMatches(code, interlaced));
      EXPECT_EQ(made.outcome.reason, whole.outcome.reason) << int{code};
      if (!made.outcome.ok()) continue;
      EXPECT_EQ(made.thumbnail, whole.thumbnail) << int{code};
      // Matches reach 1544 bytes back; code 3 means a window of 2048 bytes.
      EXPECT_EQ(made.outcome.warnings.empty(), code >= 3) << int{code};
    }
    EXPECT_EQ(Make(FarMatches(8, interlaced)).outcome.reason, Reason::kCorrupt);
  }
}

// ---- large interlaced pictures, read in sums ----------------------------

TEST(Png, LargeInterlacedOneMayLackItsEnd) {
  testing::RawPng png;
  png.width = png.height = 2900;
  png.bits = 1;
  const std::size_t most = (png.row_bytes() + 8) * png.height * 2;
  png.stream = testing::Deflated(Bytes(most, 0));
  Chunks chunks = SplitChunks(testing::AssemblePng(png));
  chunks[0].data[12] = 1;
  const Made whole = Make(Join(chunks));
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.message;
  chunks.pop_back();
  const Made made = Make(Join(chunks));
  ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
  EXPECT_EQ(made.thumbnail, whole.thumbnail);
}

}  // namespace
}  // namespace thumbmill
