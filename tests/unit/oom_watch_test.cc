// Links: tm_exec tm_common
#include "coordinator/exec/oom_watch.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

class OomWatchTest : public testing::Test {
 protected:
  void Pass(int milliseconds) {
    now_ += Millis(milliseconds);
    watch_.Look(now_);
  }
  std::uint64_t kills_ = 7;  // kills before the watch began
  TimePoint now_{std::chrono::hours(1)};
  OomWatch watch_{[this] { return kills_; }};
};

TEST_F(OomWatchTest, WhatWasBeforeUsIsNotOurs) { EXPECT_FALSE(watch_.Claim()); }

TEST_F(OomWatchTest, OneKillExplainsOneDeath) {
  kills_ = 8;
  EXPECT_TRUE(watch_.Claim());
  EXPECT_FALSE(watch_.Claim());
}

TEST_F(OomWatchTest, TwoKillsExplainTwoDeaths) {
  Pass(5000);
  kills_ = 9;
  EXPECT_TRUE(watch_.Claim());
  EXPECT_TRUE(watch_.Claim());
  EXPECT_FALSE(watch_.Claim());
}

TEST_F(OomWatchTest, AKillThatWasSeenBeforeItsDeathIsStillBelieved) {
  kills_ = 8;
  Pass(1000);
  EXPECT_TRUE(watch_.Claim());
}

TEST_F(OomWatchTest, AKillThatKilledNoneOfOursIsForgotten) {
  kills_ = 8;
  // The first look sees the kill; a claim after the second comes too late.
  Pass(1000);
  Pass(1000);
  EXPECT_FALSE(watch_.Claim());
}

TEST_F(OomWatchTest, AKillThatWasClaimedIsNotClaimedAfterTheNextLook) {
  kills_ = 8;
  EXPECT_TRUE(watch_.Claim());
  Pass(1000);
  EXPECT_FALSE(watch_.Claim());
}

TEST(OomWatch, WithoutACountNothingIsLaidToTheKernel) {
  OomWatch watch({});
  watch.Look(TimePoint(std::chrono::hours(1)));
  EXPECT_FALSE(watch.Claim());
}

}  // namespace
}  // namespace thumbmill
