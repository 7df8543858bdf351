// Links: tm_engine
#include "coordinator/engine/suspicion.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

class SuspicionTest : public ::testing::Test {
 protected:
  // Report a death of the worker that ran `item`, alone if Task::alone says so.
  bool Exits(Item* item) { return Dies(item, {}); }
  bool Segfaults(Item* item) {
    Lost lost;
    lost.charged = lost.certain = true;
    lost.signal = 11;
    return Dies(item, lost);
  }
  bool IsKilled(Item* item) {
    Lost lost;
    // A SIGKILL that seems to come from outside the run.
    lost.outside = true;
    lost.signal = 9;
    return Dies(item, lost);
  }
  bool Dies(Item* item, Lost lost) {
    lost.running = true;
    lost.alone = item->alone;
    return suspicion_.Convicts(lost, item);
  }
  bool Waits(Item* item) { return suspicion_.Convicts(Lost{}, item); }
  // Returns how many such deaths convict the item.
  template <typename Death>
  int Until(Item* item, Death death) {
    for (int i = 1; i < 100; ++i)
      if (death(item)) return i;
    return 0;
  }

  Suspicion suspicion_{3};
  Item item_{ImageRef{}}, other_{ImageRef{}};
};

TEST_F(SuspicionTest, WhoWaitedTwiceRunsAlone) {
  EXPECT_FALSE(Waits(&item_));
  EXPECT_FALSE(item_.alone);
  EXPECT_FALSE(Waits(&item_));
  EXPECT_TRUE(item_.alone);
}

TEST_F(SuspicionTest, WhoWaitsIsNeverConvicted) {
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(Waits(&item_));
  EXPECT_EQ(item_.attempts, 0);
}

TEST_F(SuspicionTest, AnExitInCompanyConvictsNobody) {
  EXPECT_FALSE(Exits(&item_));
  EXPECT_TRUE(item_.alone);
  EXPECT_EQ(item_.attempts, 0);
}

TEST_F(SuspicionTest, AnExitAloneIsAnAttempt) {
  EXPECT_EQ(Until(&item_, [this](Item* item) { return Exits(item); }), 4);
  EXPECT_EQ(item_.attempts, 3);
}

TEST_F(SuspicionTest, ACrashCountsInCompanyToo) {
  EXPECT_EQ(Until(&item_, [this](Item* item) { return Segfaults(item); }), 3);
  EXPECT_EQ(item_.attempts, 3);
  EXPECT_EQ(item_.signal, 11);
}

TEST_F(SuspicionTest, TheLastAttemptIsAlone) {
  suspicion_ = Suspicion(1);
  EXPECT_FALSE(Segfaults(&item_));
  EXPECT_TRUE(Segfaults(&item_));
  EXPECT_EQ(item_.attempts, 1);
}

TEST_F(SuspicionTest, TooCostlyIsFinalWhereItIsCertain) {
  Lost lost;
  lost.charged = lost.certain = true;
  lost.reason = Reason::kTooCostly;
  EXPECT_TRUE(Dies(&item_, lost));
  lost.certain = false;
  EXPECT_FALSE(Dies(&other_, lost));
  EXPECT_TRUE(Dies(&other_, lost));
}

TEST_F(SuspicionTest, EightKillsInARowConvict) {
  EXPECT_EQ(Until(&item_, [this](Item* item) { return IsKilled(item); }), 9);
}

TEST_F(SuspicionTest, AStopAloneIsAnAttempt) {
  Lost lost;
  lost.outside = true;
  lost.reason = Reason::kHang;
  EXPECT_EQ(Until(&item_, [&](Item* item) { return Dies(item, lost); }), 4);
}

TEST_F(SuspicionTest, KillsOfOthersExcuseForAWhile) {
  const int kills = Until(&item_, [this](Item* item) {
    IsKilled(&other_);
    other_ = Item{ImageRef{}};
    return IsKilled(item);
  });
  EXPECT_EQ(kills, 21);
}

TEST_F(SuspicionTest, SevenKillsAndAnotherWorkersAreForgiven) {
  EXPECT_FALSE(IsKilled(&item_));  // not alone
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(IsKilled(&item_));
  EXPECT_FALSE(IsKilled(&other_));
  EXPECT_FALSE(IsKilled(&item_));
}

}  // namespace
}  // namespace thumbmill
