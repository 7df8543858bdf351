// Links: tm_engine
#include "coordinator/loop/memory_peak.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

namespace thumbmill {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// Touches memory and gives it back at once.
void HoldForAMoment(std::uint64_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  std::memset(at, 1, bytes);
  munmap(at, bytes);
}

TEST(MemoryPeak, ReadsWhatTheKernelSays) {
  const auto good = ParseStatus(
      "Name:\tVmHWM: 9\nVmHWM:\t    5000 kB\nRssAnon:\t 3000 kB\n"
      "RssFile:\t 900 kB\nRssShmem:\t 100 kB\n");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->peak_bytes, 5000u << 10);
  EXPECT_EQ(good->private_bytes, 3000u << 10);
  EXPECT_EQ(good->shared_bytes, 1000u << 10);
  EXPECT_FALSE(ParseStatus("VmHWM:\t 1 kB\n"));
}

TEST(MemoryPeak, AMarkThatHasRisenTellsOfAPeakBetweenTwoLooks) {
  MemoryPeak peak;
  peak.Count({10, 5, 20});
  EXPECT_EQ(peak.peak(), 15u);
  peak.Count({10, 7, 100});
  EXPECT_EQ(peak.peak(), 95u);
  EXPECT_EQ(peak.TakeRecent(), 95u);
  peak.Count({30, 5, 100});
  EXPECT_EQ(peak.peak(), 95u);
  EXPECT_EQ(peak.TakeRecent(), 30u);
}

TEST(MemoryPeak, SharedPagesAreNotCounted) {
  MemoryPeak peak;
  peak.Count({10, 90, 100});
  peak.Count({10, 490, 500});  // it stands at its highest mark
  EXPECT_EQ(peak.peak(), 10u);
  peak.Count({20, 490, 510});
  EXPECT_EQ(peak.peak(), 20u);
  peak.Count({20, 490, 600});
  EXPECT_EQ(peak.peak(), 110u);
  peak.Count({20, 900, 1000});  // shared pages that came before the mark
  EXPECT_LE(peak.peak(), 510u);
}

TEST(MemoryPeak, SeesMemoryOfThisProcessThatIsHeldForAMoment) {
  MemoryPeak peak;
  peak.Look();
  const std::uint64_t before = peak.peak();
  HoldForAMoment(200 * kMiB);
  peak.Look();
  EXPECT_GE(peak.peak(), 200 * kMiB);
  EXPECT_LE(peak.peak(), 210 * kMiB + before);
  EXPECT_LT(peak.now(), 100 * kMiB + before);
}

}  // namespace
}  // namespace thumbmill
