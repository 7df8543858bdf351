// Links: tm_engine
#include "coordinator/engine/time_budget.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr Millis kBound{30000};

ImageHeader Jpeg(std::uint32_t width, std::uint32_t height) {
  ImageHeader header;
  header.format = ImageFormat::kJpeg;
  header.width = width;
  header.height = height;
  header.components = 3;
  return header;
}

TEST(TimeBudget, GrowsWithPixelsBytesAndThumbnails) {
  const Millis least = BudgetOf(Jpeg(10, 10), 100, 0, 100, kBound).cpu;
  EXPECT_GE(least, Millis(1000));
  EXPECT_GT(BudgetOf(Jpeg(5000, 4000), 100, 0, 100, kBound).cpu, least);
  EXPECT_GT(BudgetOf(Jpeg(10, 10), 5 << 20, 0, 100, kBound).cpu, least);
  EXPECT_GT(BudgetOf(Jpeg(10, 10), 100, 5 << 20, 100, kBound).cpu, least);
}

TEST(TimeBudget, AProgressiveImageMayTakeEachScanItIsAllowed) {
  ImageHeader header = Jpeg(5000, 4000);
  const Millis plain = BudgetOf(header, 100, 0, 100, kBound).cpu;
  header.progressive = true;
  const Millis few = BudgetOf(header, 100, 0, 10, kBound).cpu;
  EXPECT_GT(few, plain);
  EXPECT_GT(BudgetOf(header, 100, 0, 100, kBound).cpu, few);
}

TEST(TimeBudget, ExpectsLongerForMoreAndFarLessThanItAllows) {
  const auto expected = [](const TimeBudget& budget) {
    EXPECT_LT(budget.expected * 20, Micros(budget.cpu));
    return budget.expected;
  };
  const Micros tiny = expected(BudgetOf(Jpeg(64, 64), 900, 4096, 100, kBound));
  EXPECT_LT(tiny, Micros(500));
  EXPECT_GT(tiny, Micros(0));
  const Micros photograph =
      expected(BudgetOf(Jpeg(3000, 2000), 800'000, 30'000, 100, kBound));
  EXPECT_GT(photograph, Micros(5'000));
  EXPECT_LT(photograph, Micros(100'000));
}

TEST(TimeBudget, WaitsLongerThanItLetsCompute) {
  const TimeBudget budget = BudgetOf(Jpeg(10, 10), 100, 0, 100, kBound);
  EXPECT_GE(budget.wall, 2 * budget.cpu);
}

TEST(TimeBudget, NeverExceedsItsBound) {
  for (const std::uint32_t side : {10u, 60000u, 4294967295u}) {
    const TimeBudget budget =
        BudgetOf(Jpeg(side, side), ~std::uint64_t{0}, ~std::uint64_t{0},
                 ~std::uint32_t{0}, Millis(700));
    EXPECT_EQ(budget.cpu, Millis(700));
    EXPECT_EQ(budget.wall, Millis(700));
    EXPECT_GT(budget.expected, Micros(0));
  }
  EXPECT_EQ(BudgetOf({}, 0, 0, 0, Millis(1)).wall, Millis(1));
}

}  // namespace
}  // namespace thumbmill
