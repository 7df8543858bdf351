// Links: tm_exec tm_pool tm_loop tm_common
//
// Tests the state of a worker without a process: the pool is never started.
#include "coordinator/exec/worker_process.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "common/shm/budget.h"

namespace thumbmill {
namespace {

class WorkerProcessTest : public testing::Test {
 protected:
  // Walks from `absent` to `fresh`, as a worker does that closes its sandbox.
  void BeReady() {
    ArenaLayout layout;
    layout.slots = 2;
    layout.slot_bytes = 1 << 20;
    ASSERT_TRUE(worker_.Prepare(layout, &budget_).has_value());
    worker_.Move(WorkerState::kWelcomed);
    worker_.Move(WorkerState::kFresh);
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  MemoryBudget budget_{std::numeric_limits<std::uint64_t>::max() / 2};
  WorkerPool pool_{loop_.get(), PoolOptions{}, {}};
  WorkerProcess worker_{0, loop_.get(), &pool_};
};

TEST_F(WorkerProcessTest, HasMemoryAndANameOnceItIsPrepared) {
  EXPECT_EQ(worker_.record(), nullptr);
  BeReady();
  EXPECT_NE(worker_.record(), nullptr);
  EXPECT_FALSE(worker_.id().empty());
  worker_.OnDied({});
  worker_.Reset();
  EXPECT_EQ(worker_.record(), nullptr);
  EXPECT_TRUE(worker_.id().empty());
  EXPECT_EQ(worker_.state(), WorkerState::kAbsent);
}

TEST_F(WorkerProcessTest, CountsADeathAsALossUnlessItWasPlanned) {
  BeReady();
  worker_.OnDied({});
  worker_.Reset();
  EXPECT_EQ(worker_.losses(), 1u);
  BeReady();
  worker_.Move(WorkerState::kDraining);
  worker_.OnDied({});
  EXPECT_EQ(worker_.losses(), 1u);
}

TEST_F(WorkerProcessTest, ReturnsToItsFormerStateWhenItsMemoryShrinks) {
  BeReady();
  worker_.MarkGrown(true);  // replaced at once: it has no task
  EXPECT_EQ(worker_.state(), WorkerState::kFresh);
  worker_.OnTask();
  worker_.MarkGrown(true);
  EXPECT_EQ(worker_.state(), WorkerState::kGrown);
  EXPECT_TRUE(worker_.ready());
  worker_.MarkGrown(false);
  EXPECT_EQ(worker_.state(), WorkerState::kUsed);
}

TEST_F(WorkerProcessTest, CancelsTheTimerOfAStateThatItLeaves) {
  BeReady();
  bool fired = false;
  worker_.Move(WorkerState::kUnreachable);
  worker_.timer().Set(Millis(0), [&] { fired = true; });
  worker_.OnDied({});
  for (int i = 0; i < 3; ++i) loop_->RunOnce(Millis(1));
  EXPECT_FALSE(fired);
}

using WorkerProcessDeathTest = WorkerProcessTest;

TEST_F(WorkerProcessDeathTest, StopsOnAMoveThatIsNotLegal) {
  EXPECT_DEATH(worker_.Move(WorkerState::kUsed), "broken invariant");
}

}  // namespace
}  // namespace thumbmill
