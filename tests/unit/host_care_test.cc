// Links: tm_net
#include "coordinator/net/host_care.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using Leave = HostCare::Leave;

TimePoint At(std::int64_t ms) { return TimePoint{} + Millis(ms); }

HostCareOptions Options() {
  HostCareOptions options;
  options.at_once = 6;
  options.suspect_after = 5;
  options.probes = 3;
  options.first_hold = Millis(500);
  options.first_rest = Millis(30'000);
  return options;
}

// Returns how many requests may run at once.
std::size_t Room(HostCare* care, TimePoint now) {
  std::size_t active = 0;
  while (care->Ask("h", active, now).leave == Leave::kGo) ++active;
  return active;
}

void Silence(HostCare* care, int times, TimePoint now) {
  for (int i = 0; i < times; ++i)
    care->Silent("h", Reason::kConnect, "refused", now);
}

// Makes the host dead: five failures, then three failing probes.
TimePoint Kill(HostCare* care) {
  Silence(care, 5, At(0));
  for (const int ms : {500, 1500, 3500}) Silence(care, 1, At(ms));
  return At(3500);
}

TEST(HostCare, BoundsHowManyRunAtOnce) {
  HostCare care(Options());
  EXPECT_EQ(Room(&care, At(0)), 6u);
  EXPECT_EQ(care.unwell(), 0u);
}

TEST(HostCare, HalvesForARoundOfRefusalsAndGrowsByOneARoundOfAnswers) {
  HostCare care(Options());
  care.Busy("h", Millis(0), At(0));
  care.Busy("h", Millis(0), At(10));
  EXPECT_EQ(Room(&care, At(10)), 3u);
  for (int i = 0; i < 3; ++i) care.Answered("h");
  EXPECT_EQ(Room(&care, At(20)), 3u);
  care.Answered("h");
  EXPECT_EQ(Room(&care, At(20)), 4u);
  for (int i = 0; i < 20; ++i) care.Answered("h");
  EXPECT_EQ(Room(&care, At(30)), 6u);
  EXPECT_EQ(care.unwell(), 0u) << "well hosts are forgotten";
}

TEST(HostCare, NeverHalvesBelowOne) {
  HostCare care(Options());
  for (int second = 0; second < 10; ++second) {
    care.Busy("h", Millis(0), At(second * 100'000));
    care.Answered("h");
    care.Busy("h", Millis(0), At(second * 100'000 + 1));
  }
  EXPECT_GE(Room(&care, At(2'000'000)), 1u);
}

TEST(HostCare, OneRefusalInTenLeavesThreeQuarters) {
  HostCare care(Options());
  std::size_t room = 0;
  for (int i = 0; i < 1000; ++i) {
    if (i % 10 == 0) {
      care.Busy("h", Millis(0), At(i * 10));
    } else {
      care.Answered("h");
    }
    room += Room(&care, At(i * 10));
  }
  EXPECT_GT(room, 4500u) << "three quarters of six thousand";
}

TEST(HostCare, HoldsAHostForAsLongAsItAsks) {
  HostCare care(Options());
  care.Busy("h", Millis(7000), At(0));
  const HostCare::Permit permit = care.Ask("h", 0, At(6999));
  EXPECT_EQ(permit.leave, Leave::kWait);
  EXPECT_EQ(permit.until, At(7000));
  EXPECT_EQ(care.Ask("h", 0, At(7000)).leave, Leave::kGo);
}

TEST(HostCare, BoundsWhatAServerMayAskFor) {
  HostCare care(Options());
  care.Busy("h", Millis(86'400'000), At(0));
  EXPECT_EQ(care.Ask("h", 0, At(300'000)).leave, Leave::kGo);
}

TEST(HostCare, HoldsAHostThatRefusesThreeTimesInARowTwiceAsLongEachTime) {
  HostCare care(Options());
  for (int i = 0; i < 3; ++i) care.Busy("h", Millis(0), At(0));
  EXPECT_FALSE(care.Trusts("h"));
  EXPECT_EQ(care.Ask("h", 0, At(0)).until, At(500));
  // Requests that were already running report the same; the hold must not grow.
  for (int i = 0; i < 5; ++i) care.Busy("h", Millis(0), At(100));
  EXPECT_EQ(care.Ask("h", 0, At(100)).until, At(500));
  care.Busy("h", Millis(0), At(600));
  EXPECT_EQ(care.Ask("h", 0, At(600)).until, At(1600));
  care.Answered("h");
  EXPECT_EQ(care.Ask("h", 0, At(601)).leave, Leave::kGo);
  EXPECT_TRUE(care.Trusts("h"));
}

TEST(HostCare, SuspectsAHostAfterFiveSilencesInARow) {
  HostCare care(Options());
  // An answer between two rows of four means that no row of five exists.
  Silence(&care, 4, At(0));
  care.Answered("h");
  Silence(&care, 4, At(0));
  EXPECT_EQ(Room(&care, At(0)), 6u);
  Silence(&care, 1, At(0));
  EXPECT_EQ(care.Ask("h", 0, At(0)).leave, Leave::kWait);
  EXPECT_EQ(Room(&care, At(500)), 1u) << "one probe at a time";
}

TEST(HostCare, ThoseUnderWayWhenItBecameSuspectAreNoProbes) {
  HostCare care(Options());
  // Fifteen of them were sent before the host became suspect; if they counted
  // as failed probes, the host would be dead.
  Silence(&care, 20, At(0));
  EXPECT_EQ(care.Ask("h", 0, At(500)).leave, Leave::kGo);
}

TEST(HostCare, IsDeadWhenTheProbesFailTooAndNamesTheReason) {
  HostCare care(Options());
  const TimePoint dead = Kill(&care);
  EXPECT_EQ(care.Ask("h", 0, dead).leave, Leave::kDead);
  EXPECT_EQ(care.DeadReason("h"), Reason::kConnect);
  EXPECT_NE(care.DeadText("h").find("refused"), std::string::npos);
}

TEST(HostCare, IsDeadAtOnceWithoutProbes) {
  HostCareOptions options = Options();
  options.probes = 0;
  HostCare care(options);
  Silence(&care, 5, At(0));
  EXPECT_EQ(care.Ask("h", 0, At(0)).leave, Leave::kDead);
}

TEST(HostCare, LetsOneThroughToADeadHostAfterEachRest) {
  HostCare care(Options());
  const TimePoint dead = Kill(&care);
  EXPECT_EQ(care.Ask("h", 0, dead + Millis(29'999)).leave, Leave::kDead);
  const TimePoint later = dead + Millis(30'000);
  EXPECT_EQ(care.Ask("h", 0, later).leave, Leave::kGo);
  // One request is running, so a second one must not go.
  EXPECT_EQ(care.Ask("h", 1, later).leave, Leave::kDead);
  Silence(&care, 1, later);
  EXPECT_EQ(care.Ask("h", 0, later + Millis(59'999)).leave, Leave::kDead);
  EXPECT_EQ(care.Ask("h", 0, later + Millis(60'000)).leave, Leave::kGo);
  care.Answered("h");
  EXPECT_EQ(Room(&care, later), 2u) << "starts slowly";
}

TEST(HostCare, AProbeThatWasNotStartedMayBeAskedForAgain) {
  HostCare care(Options());
  const TimePoint later = Kill(&care) + Millis(30'000);
  EXPECT_EQ(care.Ask("h", 0, later).leave, Leave::kGo);
  EXPECT_EQ(care.Ask("h", 0, later).leave, Leave::kGo);
}

TEST(HostCare, ForgivesAll) {
  HostCare care(Options());
  Kill(&care);
  care.Forgive();
  EXPECT_EQ(Room(&care, At(0)), 6u);
}

TEST(HostCare, RemembersABoundedNumberOfHosts) {
  HostCare care(Options());
  for (std::size_t i = 0; i < 3 * HostCare::kMaxHosts; ++i)
    care.Silent("h" + std::to_string(i), Reason::kDns, "no such name", At(0));
  EXPECT_LE(care.unwell(), HostCare::kMaxHosts);
}

}  // namespace
}  // namespace thumbmill
