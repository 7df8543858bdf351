// Links: tm_net
#include "coordinator/net/negative_dns_cache.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

const TimePoint kStart{};
TimePoint At(int ms) { return kStart + Millis(ms); }

TEST(NegativeDnsCache, HoldsAHostForASecond) {
  NegativeDnsCache hosts;
  EXPECT_FALSE(hosts.Holds("h", At(0)));
  hosts.Failed("h", At(0));
  EXPECT_TRUE(hosts.Holds("h", At(999)));
  EXPECT_FALSE(hosts.Holds("h", At(1000)));
  EXPECT_FALSE(hosts.Holds("other", At(0)));
}

TEST(NegativeDnsCache, HoldsLongerWithEachFailureUpToAMinute) {
  NegativeDnsCache hosts;
  int now = 0;
  for (const int hold : {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000}) {
    hosts.Failed("h", At(now));
    EXPECT_TRUE(hosts.Holds("h", At(now + hold - 1))) << hold;
    EXPECT_FALSE(hosts.Holds("h", At(now + hold))) << hold;
    now += hold;
  }
}

TEST(NegativeDnsCache, CountsLookupsSideBySideAsOne) {
  NegativeDnsCache hosts;
  for (int ms = 0; ms < 64; ++ms) hosts.Failed("h", At(ms));
  EXPECT_FALSE(hosts.Holds("h", At(1000)));
}

TEST(NegativeDnsCache, ForgetsWhatResolvedSince) {
  NegativeDnsCache hosts;
  hosts.Failed("h", At(0));
  hosts.Resolved("h");
  EXPECT_FALSE(hosts.Holds("h", At(1)));
  hosts.Failed("h", At(10));
  EXPECT_FALSE(hosts.Holds("h", At(1010))) << "counts from one again";
}

TEST(NegativeDnsCache, DropsOldHostsBeforeHeldOnesWhenFull) {
  NegativeDnsCache hosts;
  for (int i = 0; i < 4095; ++i) hosts.Failed("old" + std::to_string(i), At(0));
  hosts.Failed("held", At(1500));
  hosts.Failed("new", At(1600));
  EXPECT_TRUE(hosts.Holds("held", At(1700)));
  EXPECT_TRUE(hosts.Holds("new", At(1700)));
}

}  // namespace
}  // namespace thumbmill
