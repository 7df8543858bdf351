// Links: tm_net
#include "coordinator/net/lookups.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using Part = Lookups::Part;

TEST(Lookups, OneLeadsAndTheOthersWait) {
  Lookups lookups;
  EXPECT_EQ(lookups.Begin("a", 1, {}), Part::kLead);
  EXPECT_EQ(lookups.Begin("a", 2, {}), Part::kWait);
  EXPECT_EQ(lookups.Begin("b", 3, {}), Part::kLead);
  EXPECT_EQ(lookups.Begin("a", 4, {}), Part::kWait);
  EXPECT_EQ(lookups.End("a", true, {}), (std::vector<TransferId>{2, 4}));
  EXPECT_EQ(lookups.Begin("a", 2, {}), Part::kNone);
}

TEST(Lookups, WithoutAnAddressAnotherOneLeads) {
  Lookups lookups;
  EXPECT_EQ(lookups.Begin("a", 1, {}), Part::kLead);
  EXPECT_EQ(lookups.Begin("a", 2, {}), Part::kWait);
  EXPECT_EQ(lookups.End("a", false, {}).size(), 1u);
  EXPECT_EQ(lookups.Begin("a", 2, {}), Part::kLead);
}

TEST(Lookups, AnAddressIsOldAfterAMinute) {
  Lookups lookups;
  EXPECT_EQ(lookups.Begin("a", 1, {}), Part::kLead);
  EXPECT_TRUE(lookups.End("a", true, TimePoint{}).empty());
  EXPECT_EQ(lookups.Begin("a", 2, TimePoint{} + Millis(50'000)), Part::kNone);
  EXPECT_EQ(lookups.Begin("a", 3, TimePoint{} + Millis(60'000)), Part::kLead);
}

}  // namespace
}  // namespace thumbmill
