// Links: tm_common
#include "common/shm/arena.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace thumbmill {
namespace {

constexpr std::uint64_t kPage = 4096;

class ArenaTest : public testing::Test {
 protected:
  ArenaTest() {
    ArenaLayout layout;
    layout.slots = 4;
    layout.slot_bytes = 1 << 20;
    layout.keep_bytes = 2 * kPage;
    auto arena = Arena::Create(layout, &budget_);
    EXPECT_TRUE(arena.has_value());
    arena_ = std::move(*arena);
  }
  SlotLease Take() {
    auto lease = arena_->Acquire();
    EXPECT_TRUE(lease.has_value());
    return std::move(*lease);
  }

  MemoryBudget budget_{1 << 20};
  std::unique_ptr<Arena> arena_;
};

TEST_F(ArenaTest, CostsNothingUntilASlotIsUsed) {
  EXPECT_EQ(budget_.used(), 0u);
  EXPECT_EQ(arena_->allocated_bytes(), 0u);
}

TEST_F(ArenaTest, ASlotIsChargedByThePagesItMayTouch) {
  SlotLease slot = Take();
  EXPECT_EQ(budget_.used(), 2 * kPage);
  ASSERT_TRUE(slot.Grow(3 * kPage + 1));
  EXPECT_EQ(budget_.used(), 4 * kPage);
  EXPECT_EQ(slot.granted(), 4 * kPage);
  ASSERT_TRUE(slot.Grow(10));  // less than it has, so nothing changes
  EXPECT_EQ(budget_.used(), 4 * kPage);
}

TEST_F(ArenaTest, AReturnedSlotKeepsOnlyItsWarmPart) {
  SlotLease slot = Take();
  ASSERT_TRUE(slot.Grow(100 * kPage));
  std::memset(slot.data(), 1, 100 * kPage);
  EXPECT_GE(arena_->allocated_bytes(), 100 * kPage);
  slot.Reset();
  EXPECT_EQ(budget_.used(), 2 * kPage);
  EXPECT_EQ(arena_->allocated_bytes(), 2 * kPage);
}

class WarmArenaTest : public testing::Test {
 protected:
  WarmArenaTest() {
    ArenaLayout layout;
    layout.slots = 4;
    layout.slot_bytes = 1 << 20;
    layout.keep_bytes = 2 * kPage;
    layout.warm_bytes = 50 * kPage;
    auto arena = Arena::Create(layout, &budget_);
    EXPECT_TRUE(arena.has_value());
    arena_ = std::move(*arena);
  }
  // Acquires a slot, touches that many pages and gives it back.
  void Use(std::uint64_t pages) {
    auto slot = arena_->Acquire();
    ASSERT_TRUE(slot && slot->Grow(pages * kPage));
    std::memset(slot->data(), 1, pages * kPage);
  }

  MemoryBudget budget_{100 * kPage};
  std::unique_ptr<Arena> arena_;
};

TEST_F(WarmArenaTest, WhatWasTouchedStaysForTheNext) {
  Use(30);
  EXPECT_EQ(arena_->warm(), 28 * kPage);
  EXPECT_EQ(budget_.used(), 30 * kPage);
  EXPECT_EQ(arena_->allocated_bytes(), 30 * kPage);
  const auto slot = arena_->Acquire();
  EXPECT_EQ(slot->granted(), 30 * kPage);
  EXPECT_EQ(arena_->warm(), 0u);
  EXPECT_EQ(budget_.used(), 30 * kPage);
}

TEST_F(WarmArenaTest, NoMoreThanTheLayoutSaysStaysWarm) {
  Use(90);
  EXPECT_EQ(arena_->warm(), 50 * kPage);
  EXPECT_EQ(budget_.used(), 52 * kPage);
  EXPECT_EQ(arena_->allocated_bytes(), 52 * kPage);
  {
    auto warm = arena_->Acquire(), other = arena_->Acquire();
    ASSERT_TRUE(other->Grow(40 * kPage));
  }
  EXPECT_EQ(arena_->warm(), 50 * kPage);
  EXPECT_EQ(budget_.used(), 54 * kPage);
}

TEST_F(WarmArenaTest, WhatIsWarmIsGivenBackBeforeAnybodyIsRefused) {
  {
    auto a = arena_->Acquire(), b = arena_->Acquire();
    ASSERT_TRUE(a->Grow(20 * kPage) && b->Grow(20 * kPage));
    std::memset(a->data(), 1, 20 * kPage);
    std::memset(b->data(), 1, 20 * kPage);
  }
  EXPECT_EQ(budget_.used(), 40 * kPage);
  auto slot = arena_->Acquire();
  ASSERT_TRUE(slot->Grow(98 * kPage));  // the other slot keeps two
  EXPECT_EQ(budget_.used(), 100 * kPage);
  EXPECT_EQ(arena_->warm(), 0u);
  EXPECT_EQ(arena_->allocated_bytes(), 22 * kPage);
  EXPECT_FALSE(slot->Grow(99 * kPage));
  // The budget is full: a slot that was never used cannot get its first pages.
  auto second = arena_->Acquire();
  EXPECT_TRUE(second.has_value());
  EXPECT_FALSE(arena_->Acquire().has_value());
}

TEST_F(ArenaTest, ARefusedGrowthChangesNothing) {
  SlotLease one = Take(), two = Take();
  ASSERT_TRUE(one.Grow((1 << 20) - 4 * kPage));
  const std::uint64_t used = budget_.used();
  EXPECT_FALSE(two.Grow(100 * kPage));
  EXPECT_EQ(budget_.used(), used);
  EXPECT_EQ(two.granted(), 2 * kPage);
  one.Reset();
  EXPECT_TRUE(two.Grow(100 * kPage));
}

TEST_F(ArenaTest, NoSlotGrowsBeyondItsCapacity) {
  SlotLease slot = Take();
  EXPECT_FALSE(slot.Grow(slot.capacity() + 1));
}

TEST_F(ArenaTest, EverySlotIsHeldOnce) {
  SlotLease a = Take(), b = Take(), c = Take(), d = Take();
  EXPECT_FALSE(arena_->Acquire().has_value());
  EXPECT_EQ(arena_->held(), 4u);
  const std::uint32_t index = b.index(), generation = b.generation();
  b.Reset();
  SlotLease again = Take();
  EXPECT_EQ(again.index(), index);
  EXPECT_EQ(again.generation(), generation + 1);
}

TEST_F(ArenaTest, ABudgetWithoutRoomGivesNoSlot) {
  MemoryBudget small(kPage);
  ArenaLayout layout;
  layout.slots = 1;
  layout.slot_bytes = 1 << 20;
  layout.keep_bytes = 2 * kPage;
  const auto arena = Arena::Create(layout, &small);
  EXPECT_FALSE((*arena)->Acquire().has_value());
  EXPECT_EQ(small.used(), 0u);
}

TEST_F(ArenaTest, AMovedLeaseReturnsItsSlotOnce) {
  {
    SlotLease slot = Take();
    SlotLease moved = std::move(slot);
    EXPECT_FALSE(slot.valid());  // NOLINT: the test reads the moved-from lease
    EXPECT_EQ(arena_->held(), 1u);
  }
  EXPECT_EQ(arena_->held(), 0u);
}

TEST_F(ArenaTest, TheReaderCannotBecomeAWriter) {
  void* at =
      mmap(nullptr, kPage, PROT_READ, MAP_SHARED, arena_->reader_fd(), 0);
  ASSERT_NE(at, MAP_FAILED);
  EXPECT_NE(mprotect(at, kPage, PROT_READ | PROT_WRITE), 0);
  munmap(at, kPage);
  EXPECT_EQ(
      mmap(nullptr, kPage, PROT_WRITE, MAP_SHARED, arena_->reader_fd(), 0),
      MAP_FAILED);
}

TEST_F(ArenaTest, NobodyChangesItsSize) {
  EXPECT_NE(ftruncate(arena_->writer_fd(), 0), 0);
  EXPECT_NE(ftruncate(arena_->writer_fd(), 1 << 30), 0);
}

TEST_F(ArenaTest, AMappedRegionSeesTheSameBytes) {
  SlotLease slot = Take();
  std::memcpy(slot.data(), "hello", 5);
  const auto region =
      MappedRegion::Map(arena_->reader_fd(), MappedRegion::Access::kRead);
  ASSERT_TRUE(region.has_value());
  EXPECT_EQ(AsText(*region->View(slot.offset(), 5)), "hello");
  EXPECT_FALSE(region->MutableView(0, 1).has_value());
}

TEST_F(ArenaTest, AMappedRegionRefusesRangesBeyondItsEnd) {
  const auto region =
      MappedRegion::Map(arena_->reader_fd(), MappedRegion::Access::kRead);
  const std::uint64_t size = region->size();
  EXPECT_TRUE(region->View(size, 0).has_value());
  EXPECT_FALSE(region->View(size, 1).has_value());
  EXPECT_FALSE(region->View(size + 1, 0).has_value());
  EXPECT_FALSE(region->View(1, size).has_value());
  EXPECT_FALSE(region->View(~std::uint64_t{0}, 2).has_value());
  EXPECT_FALSE(region->View(2, ~std::uint64_t{0}).has_value());
}

TEST(MemoryBudget, NeverGoesBeyondItsLimit) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.TryCharge(60));
  EXPECT_FALSE(budget.TryCharge(41));
  EXPECT_TRUE(budget.TryCharge(40));
  EXPECT_EQ(budget.free(), 0u);
  budget.Release(100);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(budget.peak(), 100u);
  EXPECT_FALSE(budget.TryCharge(~std::uint64_t{0}));
}

}  // namespace
}  // namespace thumbmill
