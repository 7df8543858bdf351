// Links: tm_image tm_recipe tm_pictures
//
// Tests PNGs with faults. A fault that costs no sample gives the same thumbnail
// and a warning; a fault that costs a sample makes the file fail.
// docs/images.md has the table.
#include <gtest/gtest.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/tools/raw_png.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::MakeChunk;
using testing::MakePicture;

struct Chunk {
  std::string type;
  Bytes data;
  Bytes raw = {};  // if set, written instead of type and data
};
using Chunks = std::vector<Chunk>;

Chunks SplitChunks(const Bytes& png) {
  Chunks chunks;
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t size =
        png[at] << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
    const auto from = png.begin() + static_cast<std::ptrdiff_t>(at);
    const auto data = from + 8, end = data + static_cast<std::ptrdiff_t>(size);
    chunks.push_back({{from + 4, data}, {data, end}});
    at += 12 + size;
  }
  return chunks;
}

Bytes Written(const Chunk& chunk) {
  return chunk.raw.empty() ? MakeChunk(chunk.type, chunk.data) : chunk.raw;
}

Bytes Join(const Chunks& chunks) {
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  for (const Chunk& chunk : chunks) {
    const Bytes bytes = Written(chunk);
    png.insert(png.end(), bytes.begin(), bytes.end());
  }
  return png;
}

Chunk& Find(Chunks* chunks, std::string_view type) {
  return *std::find_if(chunks->begin(), chunks->end(),
                       [&](const Chunk& c) { return c.type == type; });
}

void SpoilSum(Chunk* chunk) {
  chunk->raw = Written(*chunk);
  chunk->raw.back() ^= 1;
}

void InsertBefore(Chunks* chunks, std::string_view type, const Chunk& chunk) {
  const Chunk copy = chunk;
  chunks->insert(chunks->begin() + (&Find(chunks, type) - chunks->data()),
                 copy);
}

const Chunk kText = {"tEXt", {'a', 0, 'b'}};

Chunk WithWrongSum(Chunk chunk) {
  SpoilSum(&chunk);
  return chunk;
}

// ---- pictures ------------------------------------------------------------

Bytes Interlaced() {
  return testing::WritePng(MakePicture(Kind::kPhoto, 61, 43, 3, 5),
                           {.interlaced = true});
}

Bytes Plain(int channels, bool deep = false) {
  return testing::WritePng(MakePicture(Kind::kPhoto, 60, 43, channels, 5),
                           {.deep = deep});
}

Bytes Palette() {
  Chunks chunks = SplitChunks(testing::WritePng(
      MakePicture(Kind::kPhoto, 60, 43, 3, 5), {.palette = true}));
  InsertBefore(&chunks, "IDAT", {"tRNS", {0, 128, 255, 3}});
  return Join(chunks);
}

struct Source {
  const char* name;
  Bytes png;
};

const std::vector<Source>& Sources() {
  static const std::vector<Source> sources = {
      {"grey", Plain(1)},     {"colour", Plain(3)},
      {"alpha", Plain(4)},    {"16 bits", Plain(3, true)},
      {"palette", Palette()}, {"interlaced", Interlaced()}};
  return sources;
}

struct Made {
  Outcome outcome;
  Bytes thumbnail;
};

Made Make(const Bytes& png, FailOn fail_on = FailOn::kError) {
  Recipe recipe = testing::PngRecipe("32x");
  recipe.fail_on = fail_on;
  testing::Made made = testing::Make(png, recipe, 1, 1 << 16);
  if (made.outcome.ok()) made.output.resize(made.Encoded().size());
  return {made.outcome, made.output};
}

void ExpectWhole(const Bytes& fault, const Bytes& whole) {
  const Made expected = Make(whole), actual = Make(fault);
  ASSERT_TRUE(expected.outcome.ok()) << expected.outcome.message;
  EXPECT_TRUE(expected.outcome.warnings.empty());
  ASSERT_TRUE(actual.outcome.ok()) << actual.outcome.message;
  EXPECT_EQ(actual.thumbnail, expected.thumbnail);
}

// ---- faults that cost no sample -----------------------------------------

struct Fault {
  const char* name;
  std::function<void(Chunks*)> apply;
  friend void PrintTo(const Fault& fault, std::ostream* out) {
    *out << fault.name;
  }
};

Bytes Stream(const Chunks& chunks) {
  Bytes stream;
  for (const Chunk& chunk : chunks)
    if (chunk.type == "IDAT")
      stream.insert(stream.end(), chunk.data.begin(), chunk.data.end());
  return stream;
}

void ReplaceStream(Chunks* chunks, const std::vector<Chunk>& with) {
  const auto first =
      std::find_if(chunks->begin(), chunks->end(),
                   [](const Chunk& c) { return c.type == "IDAT"; });
  const auto at = chunks->insert(first, with.begin(), with.end());
  chunks->erase(std::remove_if(at + static_cast<std::ptrdiff_t>(with.size()),
                               chunks->end(),
                               [](const Chunk& c) { return c.type == "IDAT"; }),
                chunks->end());
}

// Replaces the stream by one chunk that lacks its last `by` bytes.
void ShortenStream(Chunks* chunks, std::size_t by) {
  Bytes stream = Stream(*chunks);
  stream.resize(stream.size() - by);
  ReplaceStream(chunks, {{"IDAT", stream}});
}

void CutFile(Chunks* chunks, std::size_t behind_stream) {
  ReplaceStream(chunks, {{"IDAT", Stream(*chunks)}});
  Chunk& data = Find(chunks, "IDAT");
  data.raw = Written(data);
  data.raw.resize(data.raw.size() + behind_stream - 4);
  chunks->pop_back();
}

void SplitStreamBy(Chunks* chunks, const Chunk& between) {
  const Bytes stream = Stream(*chunks);
  const auto middle =
      stream.begin() + static_cast<std::ptrdiff_t>(stream.size() / 2);
  ReplaceStream(chunks, {{"IDAT", {stream.begin(), middle}},
                         between,
                         {"IDAT", {middle, stream.end()}}});
}

void SpoilStreamSum(Chunks* chunks) {
  Bytes stream = Stream(*chunks);
  stream.back() ^= 1;
  ReplaceStream(chunks, {{"IDAT", stream}});
}

const std::vector<Fault>& HarmlessFaults() {
  static const std::vector<Fault> faults = {
      {"no IEND", [](Chunks* c) { c->pop_back(); }},
      {"IEND's check sum", [](Chunks* c) { SpoilSum(&c->back()); }},
      {"IEND cut short",
       [](Chunks* c) { c->back().raw = {0, 0, 0, 0, 'I', 'E', 'N'}; }},
      {"IEND with data",
       [](Chunks* c) {
         c->back().data = {1, 2};
       }},
      {"the last check sum cut off", [](Chunks* c) { CutFile(c, 0); }},
      {"the last check sum cut short", [](Chunks* c) { CutFile(c, 3); }},
#ifdef PNG_IGNORE_ADLER32
      {"the stream's check sum wrong", SpoilStreamSum},
#endif
      {"the stream's check sum missing",
       [](Chunks* c) { ShortenStream(c, 4); }},
      {"the stream's check sum cut short",
       [](Chunks* c) { ShortenStream(c, 2); }},
      {"bytes behind the stream",
       [](Chunks* c) {
         Bytes stream = Stream(*c);
         stream.insert(stream.end(), 10, 7);
         ReplaceStream(c, {{"IDAT", stream}});
       }},
      {"text before the data",
       [](Chunks* c) { InsertBefore(c, "IDAT", WithWrongSum(kText)); }},
      {"text behind the data",
       [](Chunks* c) { InsertBefore(c, "IEND", WithWrongSum(kText)); }},
      {"text cut short",
       [](Chunks* c) {
         c->back().raw = {0, 0, 1, 0, 't', 'E', 'X', 't', 'a'};
       }},
      {"a length beyond all",
       [](Chunks* c) {
         c->back().raw = {255, 255, 255, 255, 't', 'E', 'X', 't'};
       }},
      {"rubbish behind the data",
       [](Chunks* c) { c->back().raw = Bytes(100, 9); }},
      {"IHDR behind the data",
       [](Chunks* c) { InsertBefore(c, "IEND", Find(c, "IHDR")); }},
      {"unknown critical chunk behind the data",
       [](Chunks* c) {
         InsertBefore(c, "IEND", {"ABCD", {1}});
       }},
      {"text between the data", [](Chunks* c) { SplitStreamBy(c, kText); }},
      {"damaged text between the data",
       [](Chunks* c) { SplitStreamBy(c, WithWrongSum(kText)); }},
      {"a damaged profile",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", WithWrongSum({"iCCP", {'x', 0, 0}}));
       }},
      {"gamma of nought",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", {"gAMA", {0, 0, 0, 0}});
       }},
  };
  return faults;
}

class HarmlessPngFault : public ::testing::TestWithParam<Fault> {};

TEST_P(HarmlessPngFault, GivesTheSameThumbnailAndAWarning) {
  for (const Source& source : Sources()) {
    SCOPED_TRACE(source.name);
    Chunks chunks = SplitChunks(source.png);
    GetParam().apply(&chunks);
    const Bytes fault = Join(chunks);
    ExpectWhole(fault, source.png);
    EXPECT_FALSE(Make(fault).outcome.warnings.empty());
    EXPECT_FALSE(Make(fault, FailOn::kWarning).outcome.ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, HarmlessPngFault,
                         ::testing::ValuesIn(HarmlessFaults()));

// ---- no faults ----------------------------------------------------------

TEST(Png, EmptyAndTinyDataChunksAndBytesBehindTheEndAreNoFault) {
  for (const Source& source : Sources()) {
    SCOPED_TRACE(source.name);
    Chunks chunks = SplitChunks(source.png);
    std::vector<Chunk> tiny = {{"IDAT", {}}};
    for (const std::uint8_t byte : Stream(chunks))
      tiny.push_back({"IDAT", {byte}});
    tiny.push_back({"IDAT", {}});
    ReplaceStream(&chunks, tiny);
    chunks.push_back({"", {}, Bytes(20, 'x')});
    ExpectWhole(Join(chunks), source.png);
    EXPECT_TRUE(Make(Join(chunks)).outcome.warnings.empty());
  }
}

// ---- faults that cost samples -------------------------------------------

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

// ---- palettes ------------------------------------------------------------

void Swap(Chunks* chunks, std::string_view a, std::string_view b) {
  std::swap(Find(chunks, a), Find(chunks, b));
}

TEST(PngPalette, TakesItsTransparencyFromBeforeIt) {
  Chunks chunks = SplitChunks(Palette());
  Swap(&chunks, "PLTE", "tRNS");
  ASSERT_LT(&Find(&chunks, "tRNS"), &Find(&chunks, "PLTE"));
  ExpectWhole(Join(chunks), Palette());
  EXPECT_FALSE(Make(Join(chunks)).outcome.warnings.empty());
}

TEST(PngPalette, TakesWholeColoursAndTheirTransparencyOnly) {
  Chunks chunks = SplitChunks(Palette());
  Find(&chunks, "PLTE").data.push_back(9);
  ExpectWhole(Join(chunks), Palette());
  Find(&chunks, "PLTE").data.pop_back();
  const std::size_t colours = Find(&chunks, "PLTE").data.size() / 3;
  Bytes& transparency = Find(&chunks, "tRNS").data;
  transparency.resize(colours, 255);
  const Bytes whole = Join(chunks);
  transparency.insert(transparency.end(), 300 - colours, 0);
  const Made made = Make(Join(chunks));
  EXPECT_EQ(made.thumbnail, Make(whole).thumbnail);
  EXPECT_FALSE(made.outcome.warnings.empty());
}

TEST(PngPalette, TheFirstTransparencyCounts) {
  Chunks chunks = SplitChunks(Palette());
  InsertBefore(&chunks, "IDAT", {"tRNS", Bytes(8, 0)});
  ExpectWhole(Join(chunks), Palette());
}

TEST(PngPalette, MayNotBeMissingTwiceThereOrDamaged) {
  const Chunks whole = SplitChunks(Palette());
  Chunks missing = whole;
  missing.erase(missing.begin() + (&Find(&missing, "PLTE") - missing.data()));
  Chunks twice = whole;
  InsertBefore(&twice, "IDAT", {"PLTE", Bytes(12, 0)});
  Chunks damaged = whole;
  SpoilSum(&Find(&damaged, "PLTE"));
  Chunks empty = whole;
  Find(&empty, "PLTE").data.clear();
  for (const Chunks& chunks : {missing, twice, damaged, empty})
    EXPECT_EQ(Make(Join(chunks)).outcome.reason, Reason::kCorrupt);
}

TEST(PngPalette, OfATrueColourPictureIsNoMatter) {
  for (const int channels : {1, 3, 4}) {
    const Bytes whole = Plain(channels);
    Chunks chunks = SplitChunks(whole);
    InsertBefore(&chunks, "IDAT", WithWrongSum({"PLTE", Bytes(12, 0)}));
    InsertBefore(&chunks, "IDAT", {"PLTE", Bytes(13, 0)});
    ExpectWhole(Join(chunks), whole);
  }
}

// ---- profiles ------------------------------------------------------------

Bytes ProfileChunkData(const Bytes& icc) {
  Bytes data = {'x', 0, 0};
  const Bytes packed = testing::Deflated(icc);
  data.insert(data.end(), packed.begin(), packed.end());
  return data;
}

TEST(PngProfile, TheFirstThatIsWholeCounts) {
  const Bytes whole = Plain(3);
  Chunks one = SplitChunks(whole);
  InsertBefore(&one, "IDAT",
               {"iCCP", ProfileChunkData(testing::AdobeRgbProfile())});
  const Made adobe = Make(Join(one));
  ASSERT_NE(adobe.thumbnail, Make(whole).thumbnail);
  Chunks two = one;
  InsertBefore(&two, "IDAT",
               {"iCCP", ProfileChunkData(testing::DisplayP3Profile())});
  EXPECT_EQ(Make(Join(two)).thumbnail, adobe.thumbnail);
  Chunks three = two;
  InsertBefore(&three, "iCCP", WithWrongSum(Find(&two, "iCCP")));
  EXPECT_EQ(Make(Join(three)).thumbnail, adobe.thumbnail);
  EXPECT_FALSE(Make(Join(three)).outcome.warnings.empty());
}

TEST(PngProfile, CountsBehindThePaletteToo) {
  Chunks before = SplitChunks(Palette()), behind = before;
  const Chunk profile = {"iCCP", ProfileChunkData(testing::AdobeRgbProfile())};
  InsertBefore(&before, "PLTE", profile);
  InsertBefore(&behind, "IDAT", profile);
  EXPECT_EQ(Make(Join(behind)).thumbnail, Make(Join(before)).thumbnail);
  EXPECT_NE(Make(Join(behind)).thumbnail, Make(Palette()).thumbnail);
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
