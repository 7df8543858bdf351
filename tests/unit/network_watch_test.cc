// Links: tm_net
#include "coordinator/net/network_watch.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TimePoint At(std::int64_t ms) { return TimePoint{} + Millis(ms); }

void Fail(NetworkWatch* watch, const std::string& host, int times) {
  for (int i = 0; i < times; ++i) watch->Failed(host, At(0));
}

TEST(NetworkWatch, IsLostWhenTheLastThousandOfTwoHostsAllFailed) {
  NetworkWatch watch({});
  Fail(&watch, "a", 999);
  EXPECT_FALSE(watch.lost());
  Fail(&watch, "b", 1);
  EXPECT_TRUE(watch.lost());
}

TEST(NetworkWatch, OneHostIsNotTheNetwork) {
  NetworkWatch watch({});
  Fail(&watch, "a", 100'000);
  EXPECT_FALSE(watch.lost());
}

TEST(NetworkWatch, AnotherHostCountsOnlyAmongTheLastThousand) {
  NetworkWatch watch({});
  Fail(&watch, "b", 1);
  Fail(&watch, "a", 998);
  EXPECT_FALSE(watch.lost());
  Fail(&watch, "a", 1);
  EXPECT_TRUE(watch.lost()) << "b is the first of the thousand";
  NetworkWatch other({});
  Fail(&other, "a", 500);
  // An answer starts the count anew.
  other.Answered();
  Fail(&other, "b", 5);
  Fail(&other, "a", 994);
  EXPECT_FALSE(other.lost());
  Fail(&other, "a", 1);
  EXPECT_TRUE(other.lost());
}

TEST(NetworkWatch, AnyAnswerBreaksTheRow) {
  NetworkWatch watch({});
  Fail(&watch, "a", 500);
  Fail(&watch, "b", 499);
  watch.Answered();
  Fail(&watch, "b", 999);
  EXPECT_FALSE(watch.lost());
}

TEST(NetworkWatch, ProbesAtGrowingIntervals) {
  NetworkWatchOptions options;
  options.items = 2;
  NetworkWatch watch(options);
  Fail(&watch, "a", 1);
  Fail(&watch, "b", 1);
  int rounds = 0;
  for (int ms = 0; ms < 600'000; ms += 100)
    rounds += watch.TakeProbes(At(ms)) > 0 ? 1 : 0;
  EXPECT_GT(rounds, 20);
  EXPECT_LT(rounds, 30);
}

TEST(NetworkWatch, AnAnswerEndsThePauseAndTenMinutesEndTheRun) {
  NetworkWatchOptions options;
  options.items = 2;
  NetworkWatch watch(options);
  Fail(&watch, "a", 1);
  Fail(&watch, "b", 1);
  EXPECT_FALSE(watch.GivesUp(At(599'999)));
  EXPECT_TRUE(watch.GivesUp(At(600'000)));
  watch.Answered();
  EXPECT_FALSE(watch.lost());
  EXPECT_FALSE(watch.GivesUp(At(600'000)));
  EXPECT_EQ(watch.TakeProbes(At(600'000)), 0);
}

}  // namespace
}  // namespace thumbmill
