// Links: tm_engine
#include "coordinator/engine/dispatcher.h"

#include <gtest/gtest.h>

#include <map>

#include "common/log.h"

namespace thumbmill {
namespace {

// Remembers its tasks.
class FakeExecutor final : public Executor {
 public:
  Status Start(ExecutorEvents) override { return {}; }
  std::size_t Room() const override { return room; }
  void Submit(const Task& task) override {
    tasks.push_back(task);
    --room;
  }
  void Stop(StopMode) override {}
  ExecutorStats stats() const override { return {}; }

  bool RoomAlone() override { return room_alone; }

  bool room_alone = true;
  std::size_t room = 100;
  std::vector<Task> tasks;
};

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    SizeSpec size;
    size.width = 64;
    size.text = size.label = "64x";
    recipe_.sizes.push_back(size);
    (void)InitLog({LogLevel::kOff, "", false, "test"});
    arena_ = *Arena::Create({16, 1 << 20, 4096, "test"}, &input_);
  }

  ItemPtr ReadyItem() {
    auto item = std::make_shared<Item>(ImageRef{});
    item->size_mask = 1;
    item->slot = *arena_->Acquire();
    item->length = 3;
    item->Move(ItemState::kFetching);
    item->Move(ItemState::kReady);
    return item;
  }

  Dispatcher Make(int attempts) {
    return Dispatcher(
        &executor_, &decode_, &store_, {&recipe_, attempts, Millis(1000)},
        [this](const Event& event) {
          if (std::holds_alternative<Made>(event)) ++made_;
          if (const auto* failed = std::get_if<ItemFailed>(&event))
            failed_.push_back(failed->reason);
        });
  }

  // Reports the last submitted task as lost, as the executor would.
  Lost LostTask(bool charged) const {
    Lost lost;
    lost.id = executor_.tasks.back().id;
    lost.running = true;
    lost.charged = charged;
    lost.alone = executor_.tasks.back().alone;
    lost.reason = Reason::kCrash;
    lost.signal = 11;
    return lost;
  }

  Recipe recipe_;
  FakeExecutor executor_;
  MemoryBudget input_{64 << 20}, decode_{64 << 20}, store_{8 << 20};
  std::unique_ptr<Arena> arena_;
  int made_ = 0;
  std::vector<Reason> failed_;
};

TEST_F(DispatcherTest, HoldsMemoryBeforeItSendsAndGivesItBackAfter) {
  Dispatcher dispatcher = Make(3);
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  ASSERT_EQ(executor_.tasks.size(), 1u);
  EXPECT_GT(decode_.used(), 0u);
  EXPECT_GT(store_.used(), 0u);
  Finished finished;
  finished.id = executor_.tasks[0].id;
  finished.outputs = {std::vector<std::uint8_t>(10)};
  dispatcher.OnFinished(std::move(finished));
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(decode_.used(), 0u);
  EXPECT_EQ(store_.used(), 10u);  // the actual output
  EXPECT_EQ(arena_->held(), 0u);
}

TEST_F(DispatcherTest, WaitsWhileMemoryIsHeldByOthers) {
  Dispatcher dispatcher = Make(3);
  ASSERT_TRUE(decode_.TryCharge(decode_.limit()));
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  EXPECT_TRUE(executor_.tasks.empty());
  decode_.Release(decode_.limit());
  dispatcher.Pump();
  EXPECT_EQ(executor_.tasks.size(), 1u);
}

TEST_F(DispatcherTest, SendsWhatWasAtWorkInALostPlaceAgainAlone) {
  Dispatcher dispatcher = Make(2);
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  EXPECT_FALSE(executor_.tasks.back().alone);
  dispatcher.OnLost(LostTask(false));
  dispatcher.Pump();
  EXPECT_TRUE(executor_.tasks.back().alone);
  dispatcher.OnLost(LostTask(true));
  EXPECT_TRUE(failed_.empty());
  dispatcher.Pump();
  dispatcher.OnLost(LostTask(true));
  ASSERT_EQ(failed_.size(), 1u);
  EXPECT_EQ(failed_[0], Reason::kCrash);
  EXPECT_EQ(executor_.tasks.size(), 3u);
  EXPECT_EQ(decode_.used() + store_.used(), 0u);
}

TEST_F(DispatcherTest, OthersAreSentWhileOneWaitsForAPlaceOfItsOwn) {
  Dispatcher dispatcher = Make(2);
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  dispatcher.OnLost(LostTask(true));
  executor_.room_alone = false;
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  EXPECT_EQ(executor_.tasks.size(), 2u);
  EXPECT_FALSE(executor_.tasks.back().alone);
  EXPECT_EQ(dispatcher.ready(), 1u);
  executor_.room_alone = true;
  dispatcher.Pump();
  EXPECT_TRUE(executor_.tasks.back().alone);
  EXPECT_EQ(dispatcher.ready(), 0u);
}

TEST_F(DispatcherTest, DropsWhatWaitsForAPlaceOfItsOwn) {
  Dispatcher dispatcher = Make(2);
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  dispatcher.OnLost(LostTask(true));
  EXPECT_EQ(dispatcher.ready(), 1u);
  dispatcher.DropReady();
  EXPECT_EQ(dispatcher.ready(), 0u);
}

TEST_F(DispatcherTest, LeasesAgainWithALargerOutputAtNoAttempt) {
  Dispatcher dispatcher = Make(1);
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  const std::uint64_t first = executor_.tasks[0].output_capacity;
  Finished finished;
  finished.id = executor_.tasks[0].id;
  finished.outcome.needs_output_bytes = first + 1;
  dispatcher.OnFinished(std::move(finished));
  dispatcher.Pump();
  ASSERT_EQ(executor_.tasks.size(), 2u);
  EXPECT_GT(executor_.tasks[1].output_capacity, first);
  EXPECT_TRUE(failed_.empty());
}

TEST_F(DispatcherTest, RefusesOutputsThatCanNeverFit) {
  Dispatcher dispatcher = Make(1);
  dispatcher.Add(ReadyItem());
  dispatcher.Pump();
  Finished finished;
  finished.id = executor_.tasks[0].id;
  finished.outcome.needs_output_bytes = store_.limit() + 1;
  dispatcher.OnFinished(std::move(finished));
  ASSERT_EQ(failed_.size(), 1u);
  EXPECT_EQ(failed_[0], Reason::kTooCostly);
}

TEST_F(DispatcherTest, IgnoresAnAnswerToATaskItDoesNotKnow) {
  Dispatcher dispatcher = Make(3);
  Finished finished;
  finished.id = 4711;
  dispatcher.OnFinished(std::move(finished));
  EXPECT_EQ(made_, 0);
  EXPECT_TRUE(failed_.empty());
}

}  // namespace
}  // namespace thumbmill
