// Links: tm_net
#include "coordinator/net/speed_window.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr Millis kWindow{1600};
constexpr std::uint64_t kSpeed = 1000;  // bytes a second: 1600 a window

TEST(SpeedWindow, SaysNothingBeforeTheFirstWindowIsOver) {
  SpeedWindow window(kWindow);
  EXPECT_FALSE(window.SlowerThan(kSpeed, Millis(1599)));
  EXPECT_TRUE(window.SlowerThan(kSpeed, Millis(1600)));
}

TEST(SpeedWindow, IsContentWithTheSpeedThatIsAskedFor) {
  SpeedWindow window(kWindow);
  for (int ms = 0; ms <= 10'000; ms += 100) {
    window.Add(Millis(ms), 100);
    EXPECT_FALSE(window.SlowerThan(kSpeed, Millis(ms))) << ms;
  }
}

TEST(SpeedWindow, NoticesASpeedJustBelow) {
  SpeedWindow window(kWindow);
  for (int ms = 0; ms < 5000; ms += 100) window.Add(Millis(ms), 90);
  EXPECT_TRUE(window.SlowerThan(kSpeed, Millis(4900)));
}

TEST(SpeedWindow, NoticesAStallAWindowAfterItBegan) {
  SpeedWindow window(kWindow);
  window.Add(Millis(3000), 1'000'000);
  EXPECT_FALSE(window.SlowerThan(kSpeed, Millis(3000 + 1600)));
  EXPECT_TRUE(window.SlowerThan(kSpeed, Millis(3000 + 1600 + 200)));
}

TEST(SpeedWindow, ForgetsEverythingOverALongGap) {
  SpeedWindow window(kWindow);
  for (int ms = 0; ms < 1600; ms += 10) window.Add(Millis(ms), 1'000'000);
  EXPECT_TRUE(window.SlowerThan(kSpeed, std::chrono::hours(100)));
}

TEST(SpeedWindow, NeverFailsAtASpeedOfZero) {
  SpeedWindow window(Millis(0));
  EXPECT_FALSE(window.SlowerThan(0, std::chrono::seconds(5)));
}

}  // namespace
}  // namespace thumbmill
