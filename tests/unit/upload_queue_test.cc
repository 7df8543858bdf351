// Links: tm_http_sink
#include "coordinator/sink/upload_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/loop/event_loop.h"

namespace thumbmill {
namespace {

using Server = SendResult::Server;

SendResult Stored() { return {}; }
SendResult Failed(StoreOutcome outcome, Server server = Server::kAnswers,
                  Millis retry_after = Millis(0)) {
  return {{outcome, "as scripted", retry_after}, server, Reason::kConnect};
}
SendResult Silent() {
  return Failed(StoreOutcome::kTransient, Server::kSilent);
}

// Remembers the files; answers when the test says so.
class FakeSender final : public FileSender {
 public:
  TransferId Send(const StoreItem::File& file, Done done) override {
    sent.push_back(file.name);
    running.emplace(++last_, std::move(done));
    return last_;
  }
  void Cancel(TransferId id) override {
    running.erase(id);
    ++cancelled;
  }
  void Answer(TransferId id, const SendResult& result) {
    auto node = running.extract(id);
    ASSERT_FALSE(node.empty()) << id;
    node.mapped()(result);
  }
  // Answers the oldest request.
  void Answer(const SendResult& result) {
    ASSERT_FALSE(running.empty());
    Answer(running.begin()->first, result);
  }

  std::vector<std::string> sent;
  std::map<TransferId, Done> running;
  int cancelled = 0;

 private:
  TransferId last_ = 0;
};

class UploadQueueTest : public testing::Test {
 protected:
  UploadQueueTest() {
    options_.at_once = 20;
    options_.first_hold = options_.last_hold = Millis(5);
  }
  void Open() { queue_.emplace(loop_.get(), &sender_, options_); }
  void Add(const std::vector<std::string>& names) {
    auto item = std::make_shared<StoreItem>();
    for (const std::string& name : names)
      item->files.push_back({name, {1}, "image/jpeg"});
    queue_->Add(item, [this](std::shared_ptr<StoreItem>, StoreResult result) {
      outcomes_.push_back(result.outcome);
      messages_.push_back(result.message);
    });
  }
  // Makes the target away: five requests in a row without an answer.
  void LoseTarget() {
    for (int i = 0; i < 5; ++i) Add({"lost"});
    for (int i = 0; i < 5; ++i) sender_.Answer(Silent());
    ASSERT_EQ(outcomes_.back(), StoreOutcome::kAway);
  }
  void RunUntilOneRuns() {
    while (sender_.running.empty()) loop_->RunOnce(Millis(1000));
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  FakeSender sender_;
  UploadQueueOptions options_;
  std::optional<UploadQueue> queue_;
  std::vector<StoreOutcome> outcomes_;
  std::vector<std::string> messages_;
};

TEST_F(UploadQueueTest, StartsTheFilesInOrderAndNoMoreThanAllowed) {
  options_.at_once = 2;
  Open();
  Add({"a", "b", "c"});
  Add({"d"});
  EXPECT_EQ(sender_.sent, (std::vector<std::string>{"a", "b"}));
  sender_.Answer(Stored());
  EXPECT_EQ(sender_.sent.back(), "c");
  sender_.Answer(Stored());
  EXPECT_EQ(sender_.sent.back(), "d");
  EXPECT_TRUE(outcomes_.empty());
  sender_.Answer(Stored());
  EXPECT_EQ(outcomes_, std::vector{StoreOutcome::kStored});
}

TEST_F(UploadQueueTest, StartsNoMoreFilesOfAnItemThatFailed) {
  options_.at_once = 1;
  Open();
  Add({"a", "b"});
  Add({"c"});
  sender_.Answer(Failed(StoreOutcome::kRefused));
  EXPECT_EQ(outcomes_, std::vector{StoreOutcome::kRefused});
  EXPECT_EQ(sender_.sent, (std::vector<std::string>{"a", "c"}));
}

TEST_F(UploadQueueTest, HoldsItemsWhileTheTargetIsAwayAndProbesWithOne) {
  Open();
  LoseTarget();
  for (int i = 0; i < 4; ++i) Add({"held"});
  EXPECT_TRUE(sender_.running.empty());
  RunUntilOneRuns();
  EXPECT_EQ(sender_.running.size(), 1u);
  // The probe fails: the others stay held.
  sender_.Answer(Silent());
  EXPECT_TRUE(sender_.running.empty());
  EXPECT_EQ(outcomes_.back(), StoreOutcome::kAway);
  RunUntilOneRuns();
  EXPECT_EQ(sender_.running.size(), 1u);
  sender_.Answer(Stored());
  EXPECT_GE(sender_.running.size(), 1u) << "the others follow";
  while (!sender_.running.empty()) sender_.Answer(Stored());
  EXPECT_EQ(outcomes_.back(), StoreOutcome::kStored);
}

TEST_F(UploadQueueTest, TakesARefusalAsASignThatTheTargetIsThere) {
  Open();
  LoseTarget();
  Add({"probe"});
  RunUntilOneRuns();
  sender_.Answer(Failed(StoreOutcome::kRefused));
  Add({"next"});
  EXPECT_EQ(sender_.running.size(), 1u);
}

TEST_F(UploadQueueTest, BlamesTheFileForErrorsOfAServerThatAnswers) {
  Open();
  for (int i = 0; i < 20; ++i) {
    Add({"a"});
    sender_.Answer(Failed(StoreOutcome::kTransient));
    EXPECT_EQ(outcomes_.back(), StoreOutcome::kTransient);
  }
}

TEST_F(UploadQueueTest, HoldsTheNextFileAsLongAsABusyServerAsks) {
  Open();
  Add({"a"});
  sender_.Answer(Failed(StoreOutcome::kTransient, Server::kBusy, Millis(100)));
  Add({"b"});
  EXPECT_TRUE(sender_.running.empty());
  const auto before = std::chrono::steady_clock::now();
  RunUntilOneRuns();
  EXPECT_GE(std::chrono::steady_clock::now() - before, Millis(80));
}

TEST_F(UploadQueueTest, IsFatalIfTheTargetStaysAwayTooLong) {
  options_.give_up = Millis(0);
  Open();
  for (int i = 0; i < 5; ++i) Add({"a"});
  for (int i = 0; i < 5; ++i) sender_.Answer(Silent());
  EXPECT_EQ(outcomes_[3], StoreOutcome::kTransient);
  EXPECT_EQ(outcomes_[4], StoreOutcome::kFatal);
  EXPECT_NE(messages_[4].find("taken nothing"), std::string::npos);
}

TEST_F(UploadQueueTest, AnswersNothingAfterAbortAndCanBeUsedAgain) {
  options_.at_once = 1;
  Open();
  Add({"a"});
  Add({"b"});
  Add({});
  queue_->Abort();
  loop_->RunOnce(Millis(0));
  EXPECT_EQ(sender_.cancelled, 1);
  EXPECT_TRUE(outcomes_.empty());
  Add({"c"});
  EXPECT_EQ(sender_.sent.back(), "c");
}

TEST_F(UploadQueueTest, CancelsItsRequestsWhenItIsDestroyed) {
  Open();
  Add({"a"});
  Add({"b"});
  queue_.reset();
  EXPECT_EQ(sender_.cancelled, 2);
}

}  // namespace
}  // namespace thumbmill
