// Links: tm_engine
#include "coordinator/cli/units.h"

#include <gtest/gtest.h>

#include "coordinator/engine/memory_plan.h"
#include "coordinator/stats/latency.h"

namespace thumbmill {
namespace {

TEST(Units, ReadsDurations) {
  EXPECT_EQ(*ParseDuration("10"), Millis(10000));
  EXPECT_EQ(*ParseDuration("10s"), Millis(10000));
  EXPECT_EQ(*ParseDuration("500ms"), Millis(500));
  EXPECT_EQ(*ParseDuration("1.5m"), Millis(90000));
  EXPECT_EQ(*ParseDuration("1h"), Millis(3600000));
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "-1s", "5 m", "5d", "1e9s", "nan", "inf"})
    EXPECT_FALSE(ParseDuration(text)) << text;
}

TEST(Units, ReadsBytesInPowersOf1024AndCountsInPowersOf1000) {
  EXPECT_EQ(*ParseBytes("512"), 512u);
  EXPECT_EQ(*ParseBytes("10K"), 10240u);
  EXPECT_EQ(*ParseBytes("100M"), 104857600u);
  EXPECT_EQ(*ParseBytes("1GiB"), 1073741824u);
  EXPECT_EQ(*ParseCount("64M"), 64000000u);
}

TEST(Units, RefusesWhatIsNoByteCount) {
  for (const char* text : {"", "M", "10X", "10MM", "-5", "9999999999G", "1 K"})
    EXPECT_FALSE(ParseBytes(text)) << text;
}

TEST(Units, ReadsSharesOfAWhole) {
  EXPECT_EQ(*ParseShare("50%", 1000), 500u);
  EXPECT_EQ(*ParseShare("512M", 1000), 512u << 20);
  EXPECT_FALSE(ParseShare("0%", 1000));
  EXPECT_FALSE(ParseShare("101%", 1000));
}

TEST(Units, WritesForPeople) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KB");
  EXPECT_EQ(FormatBytes(104857600), "100.0 MB");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(12), "12");
  EXPECT_EQ(FormatDuration(Millis(62000)), "1:02");
  EXPECT_EQ(FormatDuration(Millis(3723000)), "1:02:03");
}

TEST(LatencyHistogram, AnswersWithinItsPromise) {
  LatencyHistogram histogram;
  for (int us = 1; us <= 10000; ++us) histogram.Add(Micros(us));
  EXPECT_EQ(histogram.count(), 10000u);
  EXPECT_EQ(histogram.max(), Micros(10000));
  for (const double share : {0.5, 0.9, 0.99}) {
    const double truth = share * 10000;
    const double answer =
        static_cast<double>(histogram.Percentile(share).count());
    EXPECT_GE(answer, truth * 0.99) << share;
    EXPECT_LE(answer, truth * 1.13) << share;
  }
}

TEST(LatencyHistogram, IsZeroWithoutSamplesAndTakesAnyValue) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5), Micros(0));
  histogram.Add(Micros(-5));
  histogram.Add(Micros(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(histogram.count(), 2u);
}

TEST(MemoryPlan, SharesOutNoMoreThanTheWhole) {
  for (const std::uint64_t total : {256ull << 20, 512ull << 20, 16ull << 30}) {
    const auto plan = PlanMemory(total, 2, 100 << 20);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->processes + plan->input + plan->decode + plan->store,
              total);
    EXPECT_GT(plan->decode, plan->input / 2);
  }
}

TEST(MemoryPlan, SaysHowMuchWouldDo) {
  const auto plan = PlanMemory(64 << 20, 2, 100 << 20);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
  EXPECT_NE(plan.error().what.find("at least"), std::string::npos);
}

}  // namespace
}  // namespace thumbmill
