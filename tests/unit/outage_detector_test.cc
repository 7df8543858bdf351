// Links: tm_net
#include "coordinator/net/outage_detector.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TimePoint At(std::int64_t ms) { return TimePoint{} + Millis(ms); }

void Fail(OutageDetector* detector, const std::string& host, int times) {
  for (int i = 0; i < times; ++i) detector->Failed(host, At(0));
}

TEST(OutageDetector, IsLostWhenTheLastThousandOfTwoHostsAllFailed) {
  OutageDetector detector({});
  Fail(&detector, "a", 999);
  EXPECT_FALSE(detector.lost());
  Fail(&detector, "b", 1);
  EXPECT_TRUE(detector.lost());
}

TEST(OutageDetector, OneHostIsNotTheNetwork) {
  OutageDetector detector({});
  Fail(&detector, "a", 100'000);
  EXPECT_FALSE(detector.lost());
}

TEST(OutageDetector, AnotherHostCountsOnlyAmongTheLastThousand) {
  OutageDetector detector({});
  Fail(&detector, "b", 1);
  Fail(&detector, "a", 998);
  EXPECT_FALSE(detector.lost());
  Fail(&detector, "a", 1);
  EXPECT_TRUE(detector.lost()) << "b is the first of the thousand";
  OutageDetector other({});
  Fail(&other, "a", 500);
  // An answer starts the count anew.
  other.Answered();
  Fail(&other, "b", 5);
  Fail(&other, "a", 994);
  EXPECT_FALSE(other.lost());
  Fail(&other, "a", 1);
  EXPECT_TRUE(other.lost());
}

TEST(OutageDetector, AnyAnswerBreaksTheRow) {
  OutageDetector detector({});
  Fail(&detector, "a", 500);
  Fail(&detector, "b", 499);
  detector.Answered();
  Fail(&detector, "b", 999);
  EXPECT_FALSE(detector.lost());
}

TEST(OutageDetector, ProbesAtGrowingIntervals) {
  OutageDetectorOptions options;
  options.items = 2;
  OutageDetector detector(options);
  Fail(&detector, "a", 1);
  Fail(&detector, "b", 1);
  int rounds = 0;
  for (int ms = 0; ms < 600'000; ms += 100)
    rounds += detector.TakeProbes(At(ms)) > 0 ? 1 : 0;
  EXPECT_GT(rounds, 20);
  EXPECT_LT(rounds, 30);
}

TEST(OutageDetector, AnAnswerEndsThePauseAndTenMinutesEndTheRun) {
  OutageDetectorOptions options;
  options.items = 2;
  OutageDetector detector(options);
  Fail(&detector, "a", 1);
  Fail(&detector, "b", 1);
  EXPECT_FALSE(detector.GivesUp(At(599'999)));
  EXPECT_TRUE(detector.GivesUp(At(600'000)));
  detector.Answered();
  EXPECT_FALSE(detector.lost());
  EXPECT_FALSE(detector.GivesUp(At(600'000)));
  EXPECT_EQ(detector.TakeProbes(At(600'000)), 0);
}

}  // namespace
}  // namespace thumbmill
