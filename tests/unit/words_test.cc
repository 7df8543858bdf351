// Links: tm_common
#include "common/words.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(Words, WritesLongFlagsWithHyphens) {
  EXPECT_EQ(NormaliseFlag("--url_list=a_b"), "--url-list=a_b");
  EXPECT_EQ(NormaliseFlag("--no_rotate"), "--no-rotate");
  EXPECT_EQ(NormaliseFlag("-a_b"), "-a_b");
  EXPECT_EQ(NormaliseFlag("a_b"), "a_b");
}

TEST(Words, SplitsAtCommasAndDropsEmptyParts) {
  EXPECT_EQ(SplitCommas("a,,b,"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(SplitCommas("").empty());
}

TEST(Words, FindsTheWordThatWasMeant) {
  const std::vector<std::string> known = {"run", "compare", "--size",
                                          "--state"};
  EXPECT_EQ(NearestWord("--sise", known), "--size");   // another letter
  EXPECT_EQ(NearestWord("--isze", known), "--size");   // two swapped
  EXPECT_EQ(NearestWord("compar", known), "compare");  // one less
  EXPECT_EQ(NearestWord("rrun", known), "run");        // one more
}

TEST(Words, FindsNothingForAWordThatIsFarFromAll) {
  const std::vector<std::string> known = {"run", "compare"};
  EXPECT_EQ(NearestWord("photos", known), "");
  EXPECT_EQ(NearestWord("x", known), "");
  EXPECT_EQ(NearestWord(std::string(100'000, 'r'), known), "");
}

}  // namespace
}  // namespace thumbmill
