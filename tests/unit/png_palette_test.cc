// Links: tm_image tm_recipe tm_pictures
//
// Tests PNGs with faults in their palette or their profile.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/tools/profiles.h"
#include "tests/unit/png_faults.h"

namespace thumbmill {
namespace {

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

}  // namespace
}  // namespace thumbmill
