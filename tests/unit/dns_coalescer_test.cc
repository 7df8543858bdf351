// Links: tm_net
#include "coordinator/net/dns_coalescer.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using Part = DnsCoalescer::Part;

TEST(DnsCoalescer, OneLeadsAndTheOthersWait) {
  DnsCoalescer coalescer;
  EXPECT_EQ(coalescer.Begin("a", 1, {}), Part::kLead);
  EXPECT_EQ(coalescer.Begin("a", 2, {}), Part::kWait);
  EXPECT_EQ(coalescer.Begin("b", 3, {}), Part::kLead);
  EXPECT_EQ(coalescer.Begin("a", 4, {}), Part::kWait);
  EXPECT_EQ(coalescer.End("a", true, {}), (std::vector<TransferId>{2, 4}));
  EXPECT_EQ(coalescer.Begin("a", 2, {}), Part::kNone);
}

TEST(DnsCoalescer, WithoutAnAddressAnotherOneLeads) {
  DnsCoalescer coalescer;
  EXPECT_EQ(coalescer.Begin("a", 1, {}), Part::kLead);
  EXPECT_EQ(coalescer.Begin("a", 2, {}), Part::kWait);
  EXPECT_EQ(coalescer.End("a", false, {}).size(), 1u);
  EXPECT_EQ(coalescer.Begin("a", 2, {}), Part::kLead);
}

TEST(DnsCoalescer, AnAddressIsOldAfterAMinute) {
  DnsCoalescer coalescer;
  EXPECT_EQ(coalescer.Begin("a", 1, {}), Part::kLead);
  EXPECT_TRUE(coalescer.End("a", true, TimePoint{}).empty());
  EXPECT_EQ(coalescer.Begin("a", 2, TimePoint{} + Millis(50'000)), Part::kNone);
  EXPECT_EQ(coalescer.Begin("a", 3, TimePoint{} + Millis(60'000)), Part::kLead);
}

}  // namespace
}  // namespace thumbmill
