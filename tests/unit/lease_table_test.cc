// Links: tm_exec tm_common
#include "coordinator/exec/lease_table.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

class LeaseTableTest : public testing::Test {
 protected:
  void Add(std::size_t worker, TaskId id, std::uint64_t peak = 1) {
    Lease lease;
    lease.task.id = id;
    lease.task.peak_bytes = peak;
    lease.task.expected = Micros(2 * peak);
    lease.task.time_limit = Millis(1000);
    table_.Add(worker, std::move(lease), clock_.Now());
  }

  ManualClock clock_;
  LeaseTable table_{2};
};

TEST_F(LeaseTableTest, TheOldestTaskOfAWorkerIsItsHead) {
  Add(0, 1);
  Add(0, 2);
  Add(1, 3);
  EXPECT_EQ(table_.Head(0)->task.id, 1u);
  EXPECT_EQ(table_.Head(1)->task.id, 3u);
  ASSERT_NE(table_.Find(0, 2), nullptr);
  EXPECT_EQ(table_.Find(0, 2)->task.id, 2u);
  EXPECT_EQ(table_.Find(1, 2), nullptr);
  EXPECT_EQ(table_.total(), 3u);
}

TEST_F(LeaseTableTest, AnEmptyQueueHasNoHead) {
  EXPECT_EQ(table_.Head(0), nullptr);
  EXPECT_FALSE(table_.TakeHead(0, clock_.Now()).has_value());
  EXPECT_EQ(table_.HeadAge(0, clock_.Now()), Micros(0));
}

TEST_F(LeaseTableTest, AgesTheHeadOnly) {
  Add(0, 1);
  clock_.Advance(Millis(900));
  Add(0, 2);
  clock_.Advance(Millis(100));
  EXPECT_EQ(table_.HeadAge(0, clock_.Now()), Millis(1000));
}

TEST_F(LeaseTableTest, TheTimeOfATaskStartsWhenItBecomesTheHead) {
  Add(0, 1);
  Add(0, 2);
  clock_.Advance(Millis(5000));
  EXPECT_EQ(table_.TakeHead(0, clock_.Now())->task.id, 1u);
  EXPECT_EQ(table_.HeadAge(0, clock_.Now()), Micros(0));
  clock_.Advance(Millis(1000));
  EXPECT_EQ(table_.HeadAge(0, clock_.Now()), Millis(1000));
}

TEST_F(LeaseTableTest, APostponedTaskGetsTheTimeBack) {
  Add(0, 1);
  clock_.Advance(Millis(1500));
  table_.Postpone(Millis(1000));
  EXPECT_EQ(table_.HeadAge(0, clock_.Now()), Millis(500));
}

TEST_F(LeaseTableTest, TakingAllOfOneWorkerLeavesTheOthers) {
  Add(0, 1);
  Add(0, 2);
  Add(1, 3);
  const auto taken = table_.TakeAll(0);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].task.id, 1u);
  EXPECT_EQ(table_.Count(0), 0u);
  EXPECT_EQ(table_.total(), 1u);
}

TEST_F(LeaseTableTest, KnowsTheLargestAndTheSumOfPredictions) {
  Add(0, 1, 10);
  Add(0, 2, 30);
  EXPECT_EQ(table_.LargestPeak(0), 30u);
  EXPECT_EQ(table_.SumOfExpected(0), Micros(80));
  EXPECT_EQ(table_.SumOfExpected(1), Micros(0));
}

}  // namespace
}  // namespace thumbmill
