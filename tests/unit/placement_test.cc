// Links: tm_exec tm_pool tm_loop tm_common
//
// Tests the choice of a worker, with workers that have no process.
#include "coordinator/exec/placement.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <memory>
#include <optional>

#include "common/shm/budget.h"

namespace thumbmill {
namespace {

class PlacementTest : public testing::Test {
 protected:
  PlacementTest() {
    for (std::size_t i = 0; i < 2; ++i)
      workers_.emplace_back(i, loop_.get(), &pool_);
    placement_.emplace(&workers_, &leases_);
  }
  void BeReady(std::size_t worker) {
    ArenaLayout layout;
    layout.slots = 1;
    layout.slot_bytes = 1 << 20;
    ASSERT_TRUE(workers_[worker].Prepare(layout, &budget_).has_value());
    workers_[worker].Move(WorkerState::kWelcomed);
    workers_[worker].Move(WorkerState::kFresh);
  }
  // Gives a task to the worker that is chosen; returns that worker.
  std::size_t Place(Micros expected, bool alone = false) {
    Task task;
    task.id = next_++;
    task.expected = expected;
    task.alone = alone;
    const std::size_t worker = placement_->Choose(task);
    workers_[worker].OnTask();
    leases_.Add(worker, Lease{task, {}}, TimePoint());
    placement_->Update(worker);
    return worker;
  }
  void Finish(std::size_t worker) {
    (void)leases_.TakeHead(worker, TimePoint());
    placement_->Update(worker);
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  MemoryBudget budget_{std::numeric_limits<std::uint64_t>::max() / 2};
  WorkerPool pool_{loop_.get(), PoolOptions{2}, {}};
  std::deque<WorkerProcess> workers_;
  LeaseTable leases_{2};
  std::optional<Placement> placement_;
  TaskId next_ = 1;
};

TEST_F(PlacementTest, HasRoomOnlyAtReadyWorkersThatHaveNotGrown) {
  EXPECT_EQ(placement_->Room(), 0u);
  BeReady(0);
  EXPECT_GT(placement_->Room(), 0u);
  workers_[0].OnTask();
  workers_[0].MarkGrown(true);
  EXPECT_EQ(placement_->Room(), 0u);
}

TEST_F(PlacementTest, ChoosesTheWorkerWithTheLeastWork) {
  BeReady(0);
  BeReady(1);
  EXPECT_EQ(Place(Micros(9000)), 0u);
  EXPECT_EQ(Place(Micros(1000)), 1u);
  EXPECT_EQ(Place(Micros(1000)), 1u);
  EXPECT_EQ(Place(Micros(9000)), 1u);
  EXPECT_EQ(Place(Micros(1000)), 0u);
}

TEST_F(PlacementTest, ReservesAWorkerThatHasHadNoTask) {
  BeReady(0);
  BeReady(1);
  EXPECT_EQ(Place(Micros(1)), 0u);
  Finish(0);
  EXPECT_EQ(placement_->Reserve(), 1u);
  EXPECT_TRUE(placement_->MayRunAlone());
  // The reserved worker gets no other task, and none while it runs this one.
  EXPECT_EQ(Place(Micros(1)), 0u);
  EXPECT_EQ(Place(Micros(1), true), 1u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Place(Micros(1)), 0u);
}

TEST_F(PlacementTest, PrefersAStartingWorkerToOneThatMustBeReplaced) {
  BeReady(0);
  EXPECT_EQ(Place(Micros(1)), 0u);
  Finish(0);
  EXPECT_EQ(placement_->Reserve(), 1u);
}

TEST_F(PlacementTest, ReservesNoneWhileEachRunsATaskAlone) {
  for (const std::size_t worker : {0u, 1u}) {
    BeReady(worker);
    ASSERT_EQ(placement_->Reserve(), worker);
    EXPECT_EQ(Place(Micros(1), true), worker);
  }
  EXPECT_FALSE(placement_->Reserve().has_value());
  EXPECT_FALSE(placement_->MayRunAlone());
}

TEST_F(PlacementTest, RunsTasksOneByOneUntilTheNextThatNeedNotRunAlone) {
  BeReady(0);
  BeReady(1);
  EXPECT_EQ(Place(Micros(1)), 0u);
  placement_->RunOneByOne();
  EXPECT_EQ(placement_->Reserve(), 1u);
  EXPECT_FALSE(placement_->MayRunAlone());  // worker 0 is at work
  EXPECT_EQ(placement_->Room(), 0u);
  Finish(0);
  EXPECT_TRUE(placement_->MayRunAlone());
  EXPECT_EQ(Place(Micros(1), true), 1u);
  EXPECT_EQ(placement_->Room(), 0u);
  Finish(1);
  EXPECT_GT(placement_->Room(), 0u);
  (void)Place(Micros(1));
  (void)placement_->Reserve();
  EXPECT_GT(placement_->Room(), 0u);
}

}  // namespace
}  // namespace thumbmill
