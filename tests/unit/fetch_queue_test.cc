// Links: tm_engine
#include "coordinator/fetch_queue.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

ItemPtr Make(const std::string& host, std::uint64_t index) {
  ImageRef ref;
  ref.is_url = !host.empty();
  ref.host = host;
  ref.index = index;
  return std::make_shared<Item>(std::move(ref));
}

TEST(FetchQueue, GivesHostsTurns) {
  FetchQueue queue(6);
  queue.Push(Make("a", 0));
  queue.Push(Make("a", 1));
  queue.Push(Make("b", 2));
  EXPECT_EQ(queue.Take({})->ref.index, 0u);
  EXPECT_EQ(queue.Take({})->ref.index, 2u);
  EXPECT_EQ(queue.Take({})->ref.index, 1u);
  EXPECT_EQ(queue.Take({}), nullptr);
}

TEST(FetchQueue, HoldsAHostAtItsBoundUntilOneIsDone) {
  FetchQueue queue(2);
  for (std::uint64_t i = 0; i < 4; ++i) queue.Push(Make("a", i));
  const ItemPtr first = queue.Take({});
  EXPECT_NE(queue.Take({}), nullptr);
  EXPECT_EQ(queue.Take({}), nullptr);
  queue.Done(*first);
  EXPECT_EQ(queue.Take({})->ref.index, 2u);
  EXPECT_EQ(queue.Take({}), nullptr);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(FetchQueue, DoesNotBoundLocalFiles) {
  FetchQueue queue(1);
  for (std::uint64_t i = 0; i < 3; ++i) queue.Push(Make("", i));
  for (std::uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(queue.Take({})->ref.index, i);
}

TEST(FetchQueue, HoldsBackARetryUntilItsTime) {
  FetchQueue queue(6);
  const TimePoint due = TimePoint{} + Millis(500);
  queue.PushLater(Make("a", 7), due);
  EXPECT_EQ(queue.Take(TimePoint{} + Millis(499)), nullptr);
  EXPECT_EQ(queue.NextDue(), due);
  EXPECT_EQ(queue.Take(due)->ref.index, 7u);
  EXPECT_EQ(queue.NextDue(), std::nullopt);
}

TEST(FetchQueue, PutsBackToTheHeadOfItsLine) {
  FetchQueue queue(6);
  queue.Push(Make("a", 0));
  queue.Push(Make("a", 1));
  const ItemPtr item = queue.Take({});
  queue.Done(*item);
  queue.PushFront(item);
  EXPECT_EQ(queue.Take({})->ref.index, 0u);
}

TEST(FetchQueue, KeepsCountsOverManyHostsThatComeAndGo) {
  FetchQueue queue(1);
  for (std::uint64_t round = 0; round < 100; ++round) {
    queue.Push(Make("h" + std::to_string(round), round));
    const ItemPtr item = queue.Take({});
    ASSERT_NE(item, nullptr);
    queue.Done(*item);
  }
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.Take({}), nullptr);
}

TEST(FetchQueue, ClearGivesBackAllThatWaits) {
  FetchQueue queue(6);
  queue.Push(Make("a", 0));
  queue.PushLater(Make("b", 1), TimePoint{} + Millis(1));
  EXPECT_EQ(queue.Clear().size(), 2u);
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace thumbmill
