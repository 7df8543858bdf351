// Links: tm_compare
#include "coordinator/compare/statistics.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(SpreadOf, IsTheMedianBetweenTheLeastAndTheLargest) {
  const Spread odd = SpreadOf({3, 1, 10});
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.low, 1);
  EXPECT_EQ(odd.high, 10);
  EXPECT_EQ(SpreadOf({4, 1, 2, 9}).median, 3);
}

TEST(Differ, OnlyWhereRangesHaveNothingInCommon) {
  EXPECT_TRUE(Differ({1, 0, 2, 5}, {4, 3, 5, 5}));
  EXPECT_TRUE(Differ({4, 3, 5, 5}, {1, 0, 2, 5}));
  EXPECT_FALSE(Differ({1, 0, 3, 5}, {4, 3, 5, 5}));
}

TEST(Differ, NotWithSoFewRunsThatChanceWouldDoIt) {
  EXPECT_FALSE(Differ(SpreadOf({1, 1, 1}), SpreadOf({9, 9, 9})));
  EXPECT_FALSE(Differ(SpreadOf({1, 1, 1, 1}), SpreadOf({9, 9, 9})));
  EXPECT_TRUE(Differ(SpreadOf({1, 1, 1, 1}), SpreadOf({9, 9, 9, 9})));
}

}  // namespace
}  // namespace thumbmill
