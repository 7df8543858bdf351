// Links: tm_pool
#include "coordinator/pool/start_history.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr Millis kFirst{50}, kLast{5000};

TEST(StartHistory, DoublesTheWaitUpToTheLastAndBeginsAnewAfterATask) {
  StartHistory history;
  EXPECT_EQ(history.NextBackoff(kFirst, kLast), Millis(50));
  EXPECT_EQ(history.NextBackoff(kFirst, kLast), Millis(100));
  EXPECT_EQ(history.NextBackoff(kFirst, kLast), Millis(200));
  for (int i = 0; i < 100; ++i) (void)history.NextBackoff(kFirst, kLast);
  EXPECT_EQ(history.NextBackoff(kFirst, kLast), kLast);
  history.OnUsed();
  EXPECT_EQ(history.NextBackoff(kFirst, kLast), Millis(50));
}

TEST(StartHistory, IsHopelessAfterFailedStartsInARow) {
  StartHistory history;
  history.OnFailedStart();
  EXPECT_FALSE(history.IsHopeless(2, 3));
  history.OnFailedStart();
  EXPECT_TRUE(history.IsHopeless(2, 3));
  history.OnReady();
  EXPECT_FALSE(history.IsHopeless(2, 3));
}

TEST(StartHistory, BearsMoreKillsFromOutside) {
  StartHistory history;
  for (int i = 0; i < 2; ++i) history.OnKilledStart();
  EXPECT_FALSE(history.IsHopeless(2, 3));
  history.OnKilledStart();
  EXPECT_TRUE(history.IsHopeless(2, 3));
}

}  // namespace
}  // namespace thumbmill
