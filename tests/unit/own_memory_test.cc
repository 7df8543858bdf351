// Links: tm_exec tm_common
#include "coordinator/exec/own_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace thumbmill {
namespace {

constexpr std::size_t kMuch = 150 << 20;

std::unique_ptr<char[]> Touched() {
  auto block = std::make_unique<char[]>(kMuch);
  std::memset(block.get(), 1, kMuch);
  return block;
}

TEST(OwnMemory, WhatIsAccountedForIsNotTooMuch) {
  std::uint64_t accounted = 0;
  const OwnMemory memory([&] { return accounted; });
  EXPECT_FALSE(memory.IsTooMuch());
  accounted = kMuch;
  const auto block = Touched();
  EXPECT_FALSE(memory.IsTooMuch());
}

TEST(OwnMemory, WhatNobodyAccountsForIsTooMuchUntilItIsGone) {
  const OwnMemory memory([] { return 0; });
  auto block = Touched();
  EXPECT_TRUE(memory.IsTooMuch());
  block.reset();
  EXPECT_FALSE(memory.IsTooMuch());
}

TEST(OwnMemory, WhatCannotBeGivenBackIsAllowed) {
  OwnMemory memory([] { return 0; });
  const auto block = Touched();
  EXPECT_TRUE(memory.IsTooMuch());
  // The memory held now is the base from here on.
  memory.Settle();
  EXPECT_FALSE(memory.IsTooMuch());
  const auto further = Touched();
  EXPECT_TRUE(memory.IsTooMuch());
}

TEST(OwnMemory, JudgesNothingUntilTheMemoryOfDeadWorkersIsFreed) {
  OwnMemory memory([] { return 0; });
  const auto block = Touched();
  const TimePoint start = TimePoint() + Millis(1000);
  EXPECT_TRUE(memory.Check(start));
  EXPECT_FALSE(memory.Check(start + Millis(199)));
  // The memory that is still held then is allowed.
  EXPECT_FALSE(memory.Check(start + Millis(200)));
  EXPECT_FALSE(memory.Check(start + Millis(400)));
  const auto further = Touched();
  EXPECT_TRUE(memory.Check(start + Millis(600)));
}

TEST(OwnMemory, IsNeverTooMuchWhereNobodyCounts) {
  const OwnMemory memory({});
  const auto block = Touched();
  EXPECT_FALSE(memory.IsTooMuch());
}

}  // namespace
}  // namespace thumbmill
