// Links: tm_engine
#include "coordinator/stats/run_stats.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

FinalImage Image(ItemStatus status, std::string_view host = "") {
  FinalImage image;
  image.status = status;
  image.reason =
      status == ItemStatus::kFailed ? Reason::kTruncated : Reason::kNone;
  image.bytes_in = 100;
  image.bytes_out = 30;
  image.files_out = 3;
  image.host = host;
  image.fetch_time = Micros(500);
  return image;
}

TEST(RunStats, CountsFinalImages) {
  RunStats stats;
  stats.started = TimePoint(Millis(1000));
  stats.Count(Image(ItemStatus::kFailed), TimePoint(Millis(1100)));
  stats.Count(Image(ItemStatus::kDone), TimePoint(Millis(1250)));
  stats.Count(Image(ItemStatus::kDone), TimePoint(Millis(1900)));
  EXPECT_EQ(stats.done, 2u);
  EXPECT_EQ(stats.failed, 1u);
  EXPECT_EQ(stats.failed_by_reason[Reason::kTruncated], 1u);
  EXPECT_EQ(stats.bytes_in, 300u);
  EXPECT_EQ(stats.bytes_out, 90u);
  EXPECT_EQ(stats.files_out, 9u);
  EXPECT_EQ(stats.first_done, Millis(250));
  EXPECT_TRUE(stats.hosts.empty());
}

TEST(RunStats, KeepsHostsUpToABound) {
  RunStats stats;
  for (std::size_t i = 0; i < RunStats::kMaxHosts + 5; ++i)
    stats.Count(Image(ItemStatus::kDone, "host" + std::to_string(i)), {});
  EXPECT_EQ(stats.hosts.size(), RunStats::kMaxHosts);
  stats.Count(Image(ItemStatus::kFailed, "host0"), {});
  EXPECT_EQ(stats.hosts["host0"].items, 2u);
  EXPECT_EQ(stats.hosts["host0"].failed, 1u);
  EXPECT_EQ(stats.hosts["host0"].time, Micros(1000));
}

TEST(RunStats, TakesAMovingMeanOfTheAnswersOfAHost) {
  RunStats stats;
  stats.CountAnswer("host", Micros(800));  // before its first image is final
  EXPECT_TRUE(stats.hosts.empty());
  stats.Count(Image(ItemStatus::kDone, "host"), {});
  stats.CountAnswer("host", Micros(800));
  EXPECT_EQ(stats.hosts["host"].recent, Micros(800));
  stats.CountAnswer("host", Micros(1600));
  EXPECT_EQ(stats.hosts["host"].recent, Micros(900));
}

TEST(RunStats, TheRestOfTheTimeAtAWorkerIsItsWait) {
  RunStats stats;
  stats.CountMade({Micros(100), Micros(20), Micros(30)}, Micros(1150), 77);
  EXPECT_EQ(stats.latency.wait.max(), Micros(1000));
  EXPECT_EQ(stats.latency.decode.max(), Micros(100));
  EXPECT_EQ(stats.copied_bytes, 77u);
}

TEST(RunStats, ABoundAsCountIsExceededByOneMore) {
  RunStats stats;
  const FailureBound bound{2, 0};
  for (int i = 0; i < 2; ++i) stats.CountEnded(ItemStatus::kFailed);
  EXPECT_FALSE(stats.Exceeds(bound));
  stats.CountEnded(ItemStatus::kFailed);
  EXPECT_TRUE(stats.Exceeds(bound));
}

TEST(RunStats, ABoundAsShareWaitsForAThousandItems) {
  RunStats stats;
  const FailureBound bound{0, 10};
  for (int i = 0; i < 999; ++i)
    stats.CountEnded(i < 101 ? ItemStatus::kFailed : ItemStatus::kDone);
  EXPECT_FALSE(stats.Exceeds(bound));
  stats.CountEnded(ItemStatus::kDone);
  EXPECT_TRUE(stats.Exceeds(bound));  // 101 of 1,000
  stats.CountEnded(ItemStatus::kSkipped);
  for (int i = 0; i < 9; ++i) stats.CountEnded(ItemStatus::kDone);
  EXPECT_FALSE(stats.Exceeds(bound));  // 101 of 1,010
}

}  // namespace
}  // namespace thumbmill
