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
  EXPECT_TRUE(Differ({1, 0, 2}, {4, 3, 5}));
  EXPECT_TRUE(Differ({4, 3, 5}, {1, 0, 2}));
  EXPECT_FALSE(Differ({1, 0, 3}, {4, 3, 5}));
}

}  // namespace
}  // namespace thumbmill
