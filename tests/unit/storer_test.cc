// Links: tm_engine
#include "coordinator/engine/storer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/hash.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "tests/unit/round_watch.h"

namespace thumbmill {
namespace {

// Answers each Put() from the loop with the next scripted outcome, then stores.
class ScriptedSink final : public Sink {
 public:
  explicit ScriptedSink(EventLoop* loop) : loop_(loop) {}
  Status Prepare() override { return {}; }
  void Put(std::shared_ptr<StoreItem> item, Done done) override {
    StoreResult result;
    if (puts < outcomes.size()) result = {outcomes[puts], "scripted", {}};
    ++puts;
    loop_->Post([item = std::move(item), done = std::move(done), result] {
      done(item, result);
    });
  }
  Result<std::vector<Unpublished>> Publish(
      std::span<const std::shared_ptr<StoreItem>>) override {
    return std::vector<Unpublished>();
  }
  void Abort() override {}

  std::vector<StoreOutcome> outcomes;
  std::size_t puts = 0;

 private:
  EventLoop* loop_;
};

class StorerTest : public testing::Test {
 protected:
  StorerTest() {
    SizeSpec size;
    size.width = 64;
    size.text = size.label = "64x";
    recipe_.sizes = {size};
    RetryOptions retry;
    retry.retries = 3;
    retry.base = Millis(1);
    storer_.emplace(
        StorerParts{loop_.get(), &pool_, &sink_, journal_.get(), &budget_},
        StorerOptions{&recipe_, &name_, RetryPolicy(retry)},
        Storer::Events{
            [this](const ItemPtr&, std::vector<OutputRecord> records) {
              stored_.push_back(std::move(records));
            },
            [this](const ItemPtr&, Reason reason, const std::string&) {
              failed_.push_back(reason);
            },
            [this] { ++retries_; },
            [this](const std::string& message) { fatal_ = message; }});
  }
  ItemPtr ItemOf(const std::string& stem) {
    ImageRef ref;
    ref.uri = ref.path = "/" + stem + ".jpg";
    ref.stem = stem;
    ref.srcext = "jpg";
    auto item = std::make_shared<Item>(ref);
    item->source_key = ref.uri;
    for (const ItemState state : {ItemState::kFetching, ItemState::kReady,
                                  ItemState::kLeased, ItemState::kMade})
      item->Move(state);
    item->outcome.output_format = ImageFormat::kJpeg;
    item->outcome.thumbnails = {{0, 1, 1, {0, 1}}};
    return item;
  }
  void RunUntilIdle() {
    while (storer_->active() > 0 && fatal_.empty())
      loop_->RunOnce(Millis(1000));
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  ScriptedSink sink_{loop_.get()};
  std::unique_ptr<Journal> journal_ = *MemoryJournal();
  MemoryBudget budget_{1 << 20};
  Recipe recipe_;
  NameTemplate name_ = *NameTemplate::Parse("");
  IoPool pool_{2};
  std::vector<std::vector<OutputRecord>> stored_;
  std::vector<Reason> failed_;
  int retries_ = 0;
  std::string fatal_;
  std::optional<Storer> storer_;
};

TEST_F(StorerTest, RecordsSizeAndHashOfEachOutput) {
  storer_->Add(ItemOf("a"), {{1, 2, 3}});
  RunUntilIdle();
  ASSERT_EQ(stored_.size(), 1u);
  const OutputRecord& output = stored_[0].at(0);
  EXPECT_EQ(output.bytes, 3u);
  EXPECT_EQ(output.sha256,
            ToHex(HashBytes(std::vector<std::uint8_t>{1, 2, 3})));
  EXPECT_EQ(output.size, "64x");
  EXPECT_NE(output.name.find("a"), std::string::npos);
}

TEST_F(StorerTest, HashesLargeOutputsOutsideOfTheLoop) {
  constexpr int kItems = 3;
  const std::vector<std::uint8_t> large(64 << 20, 7);
  const std::string expected = ToHex(HashBytes(large));
  std::vector<std::vector<std::vector<std::uint8_t>>> outputs(kItems, {large});
  const RoundWatch watch(loop_.get());
  for (int i = 0; i < kItems; ++i) {
    loop_->Post([&] {
      storer_->Add(ItemOf(std::string(1, 'a' + i)), std::move(outputs[i]));
    });
    loop_->RunOnce(Millis(0));
    RunUntilIdle();
    EXPECT_EQ(stored_.at(i).at(0).sha256, expected);
  }
  EXPECT_LE(watch.long_rounds(), kLongByChance);
}

TEST_F(StorerTest, DoesWithEachOutcomeWhatItAsksFor) {
  sink_.outcomes = {StoreOutcome::kTransient};
  storer_->Add(ItemOf("a"), {{1}});
  RunUntilIdle();
  EXPECT_EQ(stored_.size(), 1u);
  EXPECT_EQ(retries_, 1);

  sink_.outcomes.assign(sink_.puts, StoreOutcome::kStored);
  sink_.outcomes.push_back(StoreOutcome::kRefused);
  storer_->Add(ItemOf("b"), {{1}});
  RunUntilIdle();
  EXPECT_EQ(failed_, std::vector{Reason::kUpload});
  EXPECT_EQ(retries_, 1);
}

TEST_F(StorerTest, CountsNoTryWhileTheTargetIsAway) {
  sink_.outcomes.assign(20, StoreOutcome::kAway);
  const ItemPtr item = ItemOf("a");
  storer_->Add(item, {{1}});
  RunUntilIdle();
  EXPECT_EQ(stored_.size(), 1u);
  EXPECT_EQ(item->put_tries, 1);
  EXPECT_EQ(retries_, 20);
}

TEST_F(StorerTest, GivesUpAfterTheLastRetry) {
  sink_.outcomes.assign(20, StoreOutcome::kTransient);
  storer_->Add(ItemOf("a"), {{1}});
  RunUntilIdle();
  EXPECT_EQ(failed_, std::vector{Reason::kUpload});
  EXPECT_EQ(sink_.puts, 4u);
}

TEST_F(StorerTest, FailsAnItemThatIsAwayOnceTheRunDrains) {
  sink_.outcomes.assign(20, StoreOutcome::kAway);
  storer_->Add(ItemOf("a"), {{1}});
  storer_->StopRetrying();
  RunUntilIdle();
  EXPECT_EQ(failed_, std::vector{Reason::kUpload});
}

TEST_F(StorerTest, EndsTheRunIfTheTargetCannotBeUsed) {
  sink_.outcomes = {StoreOutcome::kFatal};
  storer_->Add(ItemOf("a"), {{1}});
  RunUntilIdle();
  EXPECT_EQ(fatal_, "scripted");
  EXPECT_EQ(storer_->active(), 0u);
}

TEST_F(StorerTest, FailsASecondItemThatWantsTheSameLateName) {
  // Names of a user's template are claimed when the thumbnails are made.
  name_ = *NameTemplate::Parse("{stem}_{size}");
  for (const char* key : {"/x/a.jpg", "/y/a.jpg"}) {
    const ItemPtr item = ItemOf("a");
    item->source_key = key;
    storer_->Add(item, {{1}});
    RunUntilIdle();
  }
  EXPECT_EQ(stored_.size(), 1u);
  EXPECT_EQ(failed_, std::vector{Reason::kNameCollision});
}

}  // namespace
}  // namespace thumbmill
