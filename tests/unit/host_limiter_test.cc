// Links: tm_net
#include "coordinator/net/host_limiter.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using Leave = HostLimiter::Leave;

TimePoint At(std::int64_t ms) { return TimePoint{} + Millis(ms); }

HostLimiterOptions Options() {
  HostLimiterOptions options;
  options.at_once = 6;
  options.suspect_after = 5;
  options.probes = 3;
  options.first_hold = Millis(500);
  options.first_rest = Millis(30'000);
  return options;
}

// Returns how many requests may run at once.
std::size_t Room(HostLimiter* limiter, TimePoint now) {
  std::size_t active = 0;
  while (limiter->Ask("h", active, now).leave == Leave::kGo) ++active;
  return active;
}

void Silence(HostLimiter* limiter, int times, TimePoint now) {
  for (int i = 0; i < times; ++i)
    limiter->Silent("h", Reason::kConnect, "refused", now);
}

// Makes the host dead: five failures, then three failing probes.
TimePoint Kill(HostLimiter* limiter) {
  Silence(limiter, 5, At(0));
  for (const int ms : {500, 1500, 3500}) Silence(limiter, 1, At(ms));
  return At(3500);
}

TEST(HostLimiter, BoundsHowManyRunAtOnce) {
  HostLimiter limiter(Options());
  EXPECT_EQ(Room(&limiter, At(0)), 6u);
  EXPECT_EQ(limiter.unwell(), 0u);
}

TEST(HostLimiter, HalvesForARoundOfRefusalsAndGrowsByOneARoundOfAnswers) {
  HostLimiter limiter(Options());
  limiter.Busy("h", Millis(0), At(0));
  limiter.Busy("h", Millis(0), At(10));
  EXPECT_EQ(Room(&limiter, At(10)), 3u);
  for (int i = 0; i < 3; ++i) limiter.Answered("h", At(0));
  EXPECT_EQ(Room(&limiter, At(20)), 3u);
  limiter.Answered("h", At(20));
  EXPECT_EQ(Room(&limiter, At(20)), 4u);
  for (int i = 0; i < 20; ++i) limiter.Answered("h", At(30));
  EXPECT_EQ(Room(&limiter, At(30)), 6u);
  EXPECT_EQ(limiter.unwell(), 0u) << "well hosts are forgotten";
}

TEST(HostLimiter, NeverHalvesBelowOne) {
  HostLimiter limiter(Options());
  for (int second = 0; second < 10; ++second) {
    limiter.Busy("h", Millis(0), At(second * 100'000));
    limiter.Answered("h", At(second * 100'000));
    limiter.Busy("h", Millis(0), At(second * 100'000 + 1));
  }
  EXPECT_GE(Room(&limiter, At(2'000'000)), 1u);
}

TEST(HostLimiter, OneRefusalInTenLeavesThreeQuarters) {
  HostLimiter limiter(Options());
  std::size_t room = 0;
  for (int i = 0; i < 1000; ++i) {
    if (i % 10 == 0) {
      limiter.Busy("h", Millis(0), At(i * 10));
    } else {
      limiter.Answered("h", At(i * 10));
    }
    room += Room(&limiter, At(i * 10));
  }
  EXPECT_GT(room, 4500u) << "three quarters of six thousand";
}

TEST(HostLimiter, HoldsAHostForAsLongAsItAsks) {
  HostLimiter limiter(Options());
  limiter.Busy("h", Millis(7000), At(0));
  const HostLimiter::Permit permit = limiter.Ask("h", 0, At(6999));
  EXPECT_EQ(permit.leave, Leave::kWait);
  EXPECT_EQ(permit.until, At(7000));
  EXPECT_EQ(limiter.Ask("h", 0, At(7000)).leave, Leave::kGo);
}

TEST(HostLimiter, HoldsAHostForThatTimeEvenIfAnotherRequestSucceeds) {
  HostLimiter limiter(Options());
  limiter.Busy("h", Millis(7000), At(0));
  for (int i = 0; i < 20; ++i) limiter.Answered("h", At(100));
  EXPECT_EQ(limiter.Ask("h", 0, At(6999)).until, At(7000));
  EXPECT_EQ(limiter.Ask("h", 0, At(7000)).leave, Leave::kGo);
  limiter.Answered("h", At(7001));
  EXPECT_EQ(limiter.unwell(), 0u) << "the time is over";
}

TEST(HostLimiter, HoldsAHostForThatTimeEvenAfterALostNetwork) {
  HostLimiter limiter(Options());
  limiter.Busy("h", Millis(7000), At(0));
  Silence(&limiter, 4, At(0));
  limiter.Forgive(At(1000));
  EXPECT_EQ(limiter.Ask("h", 0, At(1000)).until, At(7000));
  limiter.Forgive(At(7000));
  EXPECT_EQ(limiter.unwell(), 0u);
}

TEST(HostLimiter, BoundsWhatAServerMayAskFor) {
  HostLimiter limiter(Options());
  limiter.Busy("h", Millis(86'400'000), At(0));
  EXPECT_EQ(limiter.Ask("h", 0, At(300'000)).leave, Leave::kGo);
}

TEST(HostLimiter, HoldsAHostThatRefusesThreeTimesInARowTwiceAsLongEachTime) {
  HostLimiter limiter(Options());
  for (int i = 0; i < 3; ++i) limiter.Busy("h", Millis(0), At(0));
  EXPECT_FALSE(limiter.Trusts("h"));
  EXPECT_EQ(limiter.Ask("h", 0, At(0)).until, At(500));
  // Requests that were already running report the same; the hold must not grow.
  for (int i = 0; i < 5; ++i) limiter.Busy("h", Millis(0), At(100));
  EXPECT_EQ(limiter.Ask("h", 0, At(100)).until, At(500));
  limiter.Busy("h", Millis(0), At(600));
  EXPECT_EQ(limiter.Ask("h", 0, At(600)).until, At(1600));
  limiter.Answered("h", At(601));
  EXPECT_EQ(limiter.Ask("h", 0, At(601)).leave, Leave::kGo);
  EXPECT_TRUE(limiter.Trusts("h"));
}

TEST(HostLimiter, SuspectsAHostAfterFiveSilencesInARow) {
  HostLimiter limiter(Options());
  // An answer between two rows of four means that no row of five exists.
  Silence(&limiter, 4, At(0));
  limiter.Answered("h", At(0));
  Silence(&limiter, 4, At(0));
  EXPECT_EQ(Room(&limiter, At(0)), 6u);
  Silence(&limiter, 1, At(0));
  EXPECT_EQ(limiter.Ask("h", 0, At(0)).leave, Leave::kWait);
  EXPECT_EQ(Room(&limiter, At(500)), 1u) << "one probe at a time";
}

TEST(HostLimiter, ThoseUnderWayWhenItBecameSuspectAreNoProbes) {
  HostLimiter limiter(Options());
  // Fifteen of them were sent before the host became suspect; if they counted
  // as failed probes, the host would be dead.
  Silence(&limiter, 20, At(0));
  EXPECT_EQ(limiter.Ask("h", 0, At(500)).leave, Leave::kGo);
}

TEST(HostLimiter, IsDeadWhenTheProbesFailTooAndNamesTheReason) {
  HostLimiter limiter(Options());
  const TimePoint dead = Kill(&limiter);
  EXPECT_EQ(limiter.Ask("h", 0, dead).leave, Leave::kDead);
  EXPECT_EQ(limiter.DeadReason("h"), Reason::kConnect);
  EXPECT_NE(limiter.DeadText("h").find("refused"), std::string::npos);
}

TEST(HostLimiter, IsDeadAtOnceWithoutProbes) {
  HostLimiterOptions options = Options();
  options.probes = 0;
  HostLimiter limiter(options);
  Silence(&limiter, 5, At(0));
  EXPECT_EQ(limiter.Ask("h", 0, At(0)).leave, Leave::kDead);
}

TEST(HostLimiter, LetsOneThroughToADeadHostAfterEachRest) {
  HostLimiter limiter(Options());
  const TimePoint dead = Kill(&limiter);
  EXPECT_EQ(limiter.Ask("h", 0, dead + Millis(29'999)).leave, Leave::kDead);
  const TimePoint later = dead + Millis(30'000);
  EXPECT_EQ(limiter.Ask("h", 0, later).leave, Leave::kGo);
  // One request is running, so a second one must not go.
  EXPECT_EQ(limiter.Ask("h", 1, later).leave, Leave::kDead);
  Silence(&limiter, 1, later);
  EXPECT_EQ(limiter.Ask("h", 0, later + Millis(59'999)).leave, Leave::kDead);
  EXPECT_EQ(limiter.Ask("h", 0, later + Millis(60'000)).leave, Leave::kGo);
  limiter.Answered("h", later);
  EXPECT_EQ(Room(&limiter, later), 2u) << "starts slowly";
}

TEST(HostLimiter, AProbeThatWasNotStartedMayBeAskedForAgain) {
  HostLimiter limiter(Options());
  const TimePoint later = Kill(&limiter) + Millis(30'000);
  EXPECT_EQ(limiter.Ask("h", 0, later).leave, Leave::kGo);
  EXPECT_EQ(limiter.Ask("h", 0, later).leave, Leave::kGo);
}

TEST(HostLimiter, ForgivesAll) {
  HostLimiter limiter(Options());
  Kill(&limiter);
  limiter.Forgive(At(3500));
  EXPECT_EQ(Room(&limiter, At(0)), 6u);
}

TEST(HostLimiter, RemembersABoundedNumberOfHosts) {
  HostLimiter limiter(Options());
  for (std::size_t i = 0; i < 3 * HostLimiter::kMaxHosts; ++i)
    limiter.Silent("h" + std::to_string(i), Reason::kDns, "no such name",
                   At(0));
  EXPECT_LE(limiter.unwell(), HostLimiter::kMaxHosts);
}

}  // namespace
}  // namespace thumbmill
