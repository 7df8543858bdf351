// Links: tm_exec
#include "coordinator/exec/credit.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr std::uint64_t kPeak = 9 << 20;

// A worker whose tasks all take the same time.
class CreditTest : public testing::Test {
 protected:
  // Gives the worker all tasks that it may get; returns their number.
  std::size_t Fill(Micros each, std::uint64_t peak = kPeak) {
    std::size_t given = 0;
    while (credit_.Available(held_) > 0) {
      ++given;
      ++held_.tasks;
      held_.expected += each;
      held_.largest_peak = peak;
      credit_.Update(held_);
    }
    return given;
  }
  void Finish(Micros each) {
    --held_.tasks;
    held_.expected -= each;
    if (held_.tasks == 0) held_.largest_peak = 0;
    credit_.Update(held_);
  }

  Held held_;
  Credit credit_;
};

TEST_F(CreditTest, ALongTaskHasOneThatWaits) {
  EXPECT_EQ(Fill(Micros(500'000)), 2u);
  Finish(Micros(500'000));
  EXPECT_EQ(Fill(Micros(500'000)), 1u);
}

TEST_F(CreditTest, NothingWaitsBehindAHugeOne) {
  EXPECT_EQ(Fill(Micros(500'000), kHugePeak), 1u);
  EXPECT_EQ(Fill(Micros(1), kHugePeak), 0u);
}

TEST_F(CreditTest, TinyTasksComeInHalves) {
  EXPECT_EQ(Fill(Micros(60)), kCreditMost);
  // A worker gets no new tiny tasks until half of its credit is used up, so
  // that they are sent several at a time.
  for (std::size_t i = 1; i < kCreditMost / 2; ++i) {
    Finish(Micros(60));
    EXPECT_EQ(Fill(Micros(60)), 0u) << i;
  }
  Finish(Micros(60));
  EXPECT_EQ(Fill(Micros(60)), kCreditMost / 2);
}

TEST_F(CreditTest, AWorkerHasEnoughWorkAndNotMuchMore) {
  const Micros each = kEnoughWork / 5;
  EXPECT_EQ(Fill(each), 5u);
  Finish(each);
  Finish(each);
  EXPECT_EQ(Fill(each), 0u) << "it has more than half of it";
  Finish(each);
  EXPECT_EQ(Fill(each), 3u);
}

TEST_F(CreditTest, AWorkerWithTwoTasksOfAnyLengthIsNeverIdle) {
  for (const int us : {1, 1000, 11'000, 13'000, 25'000, 60'000'000}) {
    held_ = Held();
    credit_ = Credit();
    Fill(Micros(us));
    for (int i = 0; i < 100; ++i) {
      Finish(Micros(us));
      EXPECT_GE(held_.tasks, 1u) << us;
      Fill(Micros(us));
      EXPECT_GE(held_.tasks, 2u) << us;
      EXPECT_LE(held_.tasks, kCreditMost) << us;
    }
  }
}

}  // namespace
}  // namespace thumbmill
