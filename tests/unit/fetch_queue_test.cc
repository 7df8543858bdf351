// Links: tm_engine
#include "coordinator/engine/fetch_queue.h"

#include <gtest/gtest.h>

#include <set>

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
  HostLimiter limiter({.at_once = 6});
  FetchQueue queue(&limiter);
  queue.Push(Make("a", 0));
  queue.Push(Make("a", 1));
  queue.Push(Make("b", 2));
  EXPECT_EQ(queue.Take({}).item->ref.index, 0u);
  EXPECT_EQ(queue.Take({}).item->ref.index, 2u);
  EXPECT_EQ(queue.Take({}).item->ref.index, 1u);
  EXPECT_EQ(queue.Take({}).item, nullptr);
}

TEST(FetchQueue, HoldsAHostAtItsBoundUntilOneIsDone) {
  HostLimiter limiter({.at_once = 2});
  FetchQueue queue(&limiter);
  for (std::uint64_t i = 0; i < 4; ++i) queue.Push(Make("a", i));
  const ItemPtr first = queue.Take({}).item;
  EXPECT_NE(queue.Take({}).item, nullptr);
  EXPECT_EQ(queue.Take({}).item, nullptr);
  queue.Done(*first);
  EXPECT_EQ(queue.Take({}).item->ref.index, 2u);
  EXPECT_EQ(queue.Take({}).item, nullptr);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(FetchQueue, DoesNotBoundLocalFiles) {
  HostLimiter limiter({.at_once = 1});
  FetchQueue queue(&limiter);
  for (std::uint64_t i = 0; i < 3; ++i) queue.Push(Make("", i));
  for (std::uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(queue.Take({}).item->ref.index, i);
}

TEST(FetchQueue, FilesWaitUntilOneIsWantedAndHoldNobodyUp) {
  HostLimiter limiter({.at_once = 1});
  FetchQueue queue(&limiter);
  queue.Push(Make("", 0));
  queue.Push(Make("a", 1));
  queue.Push(Make("", 2));
  // False means that no file is wanted yet; URLs still go.
  EXPECT_EQ(queue.Take({}, false).item->ref.index, 1u);
  EXPECT_EQ(queue.Take({}, false).item, nullptr);
  EXPECT_EQ(queue.active_files(), 0u);
  const ItemPtr first = queue.Take({}).item;
  EXPECT_EQ(first->ref.index, 0u);
  EXPECT_EQ(queue.Take({}).item->ref.index, 2u);
  EXPECT_EQ(queue.active_files(), 2u);
  queue.Done(*first);
  EXPECT_EQ(queue.active_files(), 1u);
}

TEST(FetchQueue, HoldsBackARetryUntilItsTime) {
  HostLimiter limiter({.at_once = 6});
  FetchQueue queue(&limiter);
  const TimePoint due = TimePoint{} + Millis(500);
  queue.PushLater(Make("a", 7), due);
  EXPECT_EQ(queue.Take(TimePoint{} + Millis(499)).item, nullptr);
  EXPECT_EQ(queue.Take(due).item->ref.index, 7u);
}

TEST(FetchQueue, PutsBackToTheHeadOfItsLine) {
  HostLimiter limiter({.at_once = 6});
  FetchQueue queue(&limiter);
  queue.Push(Make("a", 0));
  queue.Push(Make("a", 1));
  const ItemPtr item = queue.Take({}).item;
  queue.Done(*item);
  queue.PushFront(item);
  EXPECT_EQ(queue.Take({}).item->ref.index, 0u);
}

TEST(FetchQueue, KeepsCountsOverManyHostsThatComeAndGo) {
  HostLimiter limiter({.at_once = 1});
  FetchQueue queue(&limiter);
  for (std::uint64_t round = 0; round < 100; ++round) {
    queue.Push(Make("h" + std::to_string(round), round));
    const ItemPtr item = queue.Take({}).item;
    ASSERT_NE(item, nullptr);
    queue.Done(*item);
  }
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.Take({}).item, nullptr);
}

TEST(FetchQueue, HoldsAHostThatAsksForTimeAndServesOthers) {
  HostLimiter limiter({.at_once = 2});
  FetchQueue queue(&limiter);
  queue.Push(Make("a", 0));
  queue.Push(Make("b", 1));
  limiter.Busy("a", Millis(3000), TimePoint{});
  EXPECT_EQ(queue.Take(TimePoint{}).item->ref.index, 1u);
  EXPECT_EQ(queue.Take(TimePoint{} + Millis(2999)).item, nullptr);
  EXPECT_EQ(queue.Take(TimePoint{} + Millis(3000)).item->ref.index, 0u);
}

TEST(FetchQueue, NamesTheHostThatIsHeldLongestWhileItIsWaitedFor) {
  HostLimiter limiter({.at_once = 2});
  FetchQueue queue(&limiter);
  EXPECT_FALSE(queue.LongestHeld().has_value());
  queue.Push(Make("a", 0));
  queue.Push(Make("b", 1));
  limiter.Busy("a", Millis(3000), TimePoint{});
  limiter.Busy("b", Millis(1000), TimePoint{});
  EXPECT_EQ(queue.Take(TimePoint{}).item, nullptr);
  EXPECT_EQ(queue.LongestHeld(),
            std::pair(std::string("a"), TimePoint{} + Millis(3000)));
  queue.Clear();
  EXPECT_FALSE(queue.LongestHeld().has_value());
}

TEST(FetchQueue, GivesBackAllItemsOfADeadHostAtOnce) {
  HostLimiter limiter({.at_once = 2, .suspect_after = 1, .probes = 0});
  FetchQueue queue(&limiter);
  for (std::uint64_t i = 0; i < 100; ++i) queue.Push(Make("a", i));
  limiter.Silent("a", Reason::kConnect, "refused", TimePoint{});
  for (std::uint64_t i = 0; i < 100; ++i) {
    const FetchQueue::Taken taken = queue.Take(TimePoint{});
    ASSERT_NE(taken.item, nullptr);
    EXPECT_TRUE(taken.host_dead);
  }
  EXPECT_EQ(queue.size(), 0u);
}

TEST(FetchQueue, ProbesHostsInTurnAndFindsThoseThatWaitForARetry) {
  HostLimiter limiter({.at_once = 2});
  FetchQueue queue(&limiter);
  queue.Push(Make("", 9));
  queue.Push(Make("a", 0));
  queue.Push(Make("b", 1));
  queue.PushLater(Make("c", 2), TimePoint{} + Millis(1));
  std::set<std::uint64_t> probed;
  for (int i = 0; i < 2; ++i) probed.insert(queue.TakeProbe().item->ref.index);
  EXPECT_EQ(probed, (std::set<std::uint64_t>{0, 1}));
  EXPECT_EQ(queue.TakeLocal().item->ref.index, 9u);
  // The retry is not due yet, but a probe may take it.
  EXPECT_EQ(queue.TakeProbe().item->ref.index, 2u);
  EXPECT_EQ(queue.TakeProbe().item, nullptr);
}

TEST(FetchQueue, AHostIsANameWithItsPort) {
  HostLimiter limiter({.at_once = 1});
  FetchQueue queue(&limiter);
  for (const char* uri : {"http://a:1/x", "http://a:2/x"}) {
    ImageRef ref;
    ref.is_url = true;
    ref.host = "a";
    ref.uri = uri;
    queue.Push(std::make_shared<Item>(std::move(ref)));
  }
  EXPECT_NE(queue.Take({}).item, nullptr);
  EXPECT_NE(queue.Take({}).item, nullptr);
}

TEST(FetchQueue, ClearDropsAllThatWaits) {
  HostLimiter limiter({.at_once = 6});
  FetchQueue queue(&limiter);
  queue.Push(Make("a", 0));
  queue.PushLater(Make("b", 1), TimePoint{} + Millis(1));
  EXPECT_EQ(queue.size(), 2u);
  queue.Clear();
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.Take(TimePoint{} + Millis(1)).item, nullptr);
}

}  // namespace
}  // namespace thumbmill
