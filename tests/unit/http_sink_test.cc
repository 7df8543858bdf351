// Links: tm_http_sink
#include "coordinator/sink/http_sink.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "coordinator/loop/event_loop.h"

namespace thumbmill {
namespace {

TransferResult Answered(int status, Reason reason = Reason::kNone) {
  TransferResult result;
  result.http_status = status;
  result.reason = reason;
  if (reason != Reason::kNone) result.message = "as scripted";
  return result;
}

// Remembers its requests; answers when the test says so.
class FakeClient final : public PutClient {
 public:
  explicit FakeClient(EventLoop* loop) : loop_(loop) {}
  TransferId Put(const PutRequest& request, Transfers::Done done) override {
    puts.push_back(request);
    done_.emplace(++last_, std::move(done));
    return last_;
  }
  TransferId Probe(const std::string& url, Transfers::Done done) override {
    probes.push_back(url);
    loop_->Post([this, done = std::move(done)] { done(probe_answer); });
    return ++last_;
  }
  void Cancel(TransferId id) override {
    cancelled.push_back(id);
    done_.erase(id);
  }
  void Answer(TransferId id, const TransferResult& result) {
    const auto node = done_.extract(id);
    ASSERT_FALSE(node.empty());
    node.mapped()(result);
  }
  std::size_t running() const { return done_.size(); }

  std::vector<PutRequest> puts;
  std::vector<std::string> probes;
  std::vector<TransferId> cancelled;
  TransferResult probe_answer;

 private:
  EventLoop* loop_;
  TransferId last_ = 0;
  std::map<TransferId, Transfers::Done> done_;
};

class HttpSinkTest : public testing::Test {
 protected:
  void Open(const std::string& base, int uploads = 4) {
    auto client = std::make_unique<FakeClient>(loop_.get());
    client_ = client.get();
    auto sink = MakeHttpSink(loop_.get(), {base, {}, uploads, give_up_},
                             std::move(client));
    ASSERT_TRUE(sink) << sink.error().what;
    sink_ = *std::move(sink);
  }
  void Put(std::uint64_t id, std::initializer_list<const char*> names) {
    auto item = std::make_shared<StoreItem>();
    item->id = id;
    for (const char* name : names)
      item->files.push_back({name, {1, 2, 3}, "image/jpeg"});
    sink_->Put(item,
               [this](std::shared_ptr<StoreItem> done, StoreResult result) {
                 answers_.emplace_back(done->id, result);
               });
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  FakeClient* client_ = nullptr;
  Millis give_up_{300'000};
  std::unique_ptr<Sink> sink_;
  std::vector<std::pair<std::uint64_t, StoreResult>> answers_;
};

TEST_F(HttpSinkTest, PutsEachFileUnderItsEscapedName) {
  Open("http://h/base");
  Put(1, {"a b/\xc3\xbc?#.jpg", "c_32.jpg"});
  ASSERT_EQ(client_->puts.size(), 2u);
  EXPECT_EQ(client_->puts[0].url, "http://h/base/a%20b/%C3%BC%3F%23.jpg");
  EXPECT_EQ(client_->puts[1].url, "http://h/base/c_32.jpg");
  EXPECT_EQ(client_->puts[0].content_type, "image/jpeg");
  EXPECT_EQ(client_->puts[0].body.size(), 3u);
}

TEST_F(HttpSinkTest, KeepsASignatureBehindTheName) {
  // A fragment is never sent.
  Open("https://u:p@h/base/?sv=1&sig=x#f");
  Put(1, {"a.jpg"});
  EXPECT_EQ(client_->puts[0].url, "https://u:p@h/base/a.jpg?sv=1&sig=x");
}

TEST_F(HttpSinkTest, AnswersWhenEveryFileIsAcknowledged) {
  Open("http://h/");
  Put(7, {"a", "b"});
  client_->Answer(2, Answered(201));
  EXPECT_TRUE(answers_.empty());
  client_->Answer(1, Answered(204));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].first, 7u);
  EXPECT_EQ(answers_[0].second.outcome, StoreOutcome::kStored);
}

TEST_F(HttpSinkTest, NeverRunsMoreThanUploadsAtOnce) {
  Open("http://h/", 3);
  Put(1, {"a", "b"});
  Put(2, {"c", "d"});
  Put(3, {"e"});
  EXPECT_EQ(client_->running(), 3u);
  for (TransferId id = 1; id <= 5; ++id) {
    client_->Answer(id, Answered(201));
    EXPECT_LE(client_->running(), 3u);
  }
  EXPECT_EQ(answers_.size(), 3u);
}

TEST_F(HttpSinkTest, StopsAnItemAtItsFirstFailureAndWaitsForTheRest) {
  Open("http://h/", 2);
  Put(1, {"a", "b", "c", "d"});
  Put(2, {"e"});
  client_->Answer(1, Answered(503, Reason::kHttp5xx));
  EXPECT_TRUE(answers_.empty()) << "b is still under way";
  client_->Answer(2, Answered(201));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].second.outcome, StoreOutcome::kTransient);
  ASSERT_EQ(client_->puts.size(), 3u) << "c and d were never started";
  EXPECT_EQ(client_->puts[2].url, "http://h/e");
}

TEST_F(HttpSinkTest, KeepsTheFirstFailureOfAnItem) {
  Open("http://h/");
  Put(1, {"a", "b"});
  // The second file fails first, and its timeout is transient; the 404 after it
  // would not be.
  client_->Answer(2, Answered(0, Reason::kTimeout));
  client_->Answer(1, Answered(404, Reason::kHttp4xx));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].second.outcome, StoreOutcome::kTransient);
}

TEST_F(HttpSinkTest, PassesOnHowLongTheServerAsksToWait) {
  Open("http://h/");
  Put(1, {"a"});
  TransferResult busy = Answered(429, Reason::kHttp4xx);
  busy.retry_after = Millis(7000);
  client_->Answer(1, busy);
  EXPECT_EQ(answers_[0].second.outcome, StoreOutcome::kTransient);
  EXPECT_EQ(answers_[0].second.retry_after, Millis(7000));
}

TEST_F(HttpSinkTest, HoldsEverythingWhileTheTargetIsAwayAndCountsNoTry) {
  Open("http://h/", 20);
  for (std::uint64_t id = 1; id <= 12; ++id) Put(id, {"a"});
  for (TransferId id = 1; id <= 12; ++id)
    client_->Answer(id, Answered(0, Reason::kConnect));
  ASSERT_EQ(answers_.size(), 12u);
  for (std::size_t i = 0; i < 12; ++i)
    // The first four failures could still concern single files; from the fifth
    // in a row on, the target counts as away.
    EXPECT_EQ(answers_[i].second.outcome,
              i < 4 ? StoreOutcome::kTransient : StoreOutcome::kAway)
        << i;
  for (std::uint64_t id = 1; id <= 3; ++id) Put(id, {"a"});
  EXPECT_EQ(client_->running(), 0u) << "held";
  while (client_->running() == 0) loop_->RunOnce(Millis(1000));
  EXPECT_EQ(client_->running(), 1u) << "one probes";
  client_->Answer(13, Answered(201));
  EXPECT_GE(client_->running(), 2u) << "and is followed by the others";
}

TEST_F(HttpSinkTest, AFileThatAloneIsRefusedIsNoAbsenceOfTheTarget) {
  Open("http://h/", 2);
  for (TransferId id = 1; id <= 40; id += 2) {
    Put(1, {"bad"});
    client_->Answer(id, Answered(503, Reason::kHttp5xx));
    EXPECT_EQ(answers_.back().second.outcome, StoreOutcome::kTransient);
    Put(2, {"good"});
    client_->Answer(id + 1, Answered(201));
  }
}

TEST_F(HttpSinkTest, GivesUpATargetThatStaysAway) {
  give_up_ = Millis(0);
  Open("http://h/", 20);
  for (std::uint64_t id = 1; id <= 6; ++id) Put(id, {"a"});
  for (TransferId id = 1; id <= 6; ++id)
    client_->Answer(id, Answered(0, Reason::kTimeout));
  EXPECT_EQ(answers_[3].second.outcome, StoreOutcome::kTransient);
  EXPECT_EQ(answers_[5].second.outcome, StoreOutcome::kFatal);
}

TEST_F(HttpSinkTest, WaitsAsLongAsTheTargetAsks) {
  Open("http://h/", 4);
  Put(1, {"a"});
  TransferResult busy = Answered(503, Reason::kHttp5xx);
  busy.retry_after = Millis(300);
  client_->Answer(1, busy);
  Put(2, {"b"});
  EXPECT_EQ(client_->running(), 0u);
  const auto before = std::chrono::steady_clock::now();
  while (client_->running() == 0) loop_->RunOnce(Millis(1000));
  EXPECT_GE(std::chrono::steady_clock::now() - before, Millis(250));
}

TEST_F(HttpSinkTest, WaitsAlthoughAnUploadThatWasUnderWaySucceeds) {
  Open("http://h/", 4);
  Put(1, {"a"});
  Put(2, {"b"});
  TransferResult busy = Answered(429, Reason::kHttp4xx);
  busy.retry_after = Millis(300);
  client_->Answer(1, busy);
  client_->Answer(2, Answered(201));
  Put(3, {"c"});
  EXPECT_EQ(client_->running(), 0u);
}

TEST_F(HttpSinkTest, IsFatalWhereTheTargetRefusesEverything) {
  Open("http://h/");
  TransferId id = 0;
  for (const int status : {401, 403, 405, 507}) {
    Put(1, {"a"});
    client_->Answer(++id, Answered(status, Reason::kHttp4xx));
    EXPECT_EQ(answers_.back().second.outcome, StoreOutcome::kFatal) << status;
  }
  Put(1, {"a"});
  client_->Answer(++id, Answered(404, Reason::kHttp4xx));
  EXPECT_EQ(answers_.back().second.outcome, StoreOutcome::kRefused);
}

TEST_F(HttpSinkTest, ShowsNoSecretInItsMessages) {
  Open("https://me:hush@h/base?sv=1&sig=hush");
  Put(1, {"a.jpg"});
  client_->Answer(1, Answered(503, Reason::kHttp5xx));
  const std::string& message = answers_[0].second.message;
  EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  EXPECT_NE(message.find("https://h/base/a.jpg"), std::string::npos);
}

TEST_F(HttpSinkTest, AnswersAnItemWithoutFilesFromTheLoop) {
  Open("http://h/");
  Put(1, {});
  EXPECT_TRUE(answers_.empty());
  loop_->RunOnce(Millis(0));
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(HttpSinkTest, AbortCancelsWhatRunsAndAnswersNothing) {
  Open("http://h/", 1);
  Put(1, {"a"});
  Put(2, {"b"});
  Put(3, {});
  sink_->Abort();
  loop_->RunOnce(Millis(0));
  EXPECT_EQ(client_->cancelled, std::vector<TransferId>{1});
  EXPECT_TRUE(answers_.empty());
  Put(4, {"c"});
  EXPECT_EQ(client_->puts.back().url, "http://h/c") << "can be used again";
}

TEST_F(HttpSinkTest, PublishHasNothingLeftToDo) {
  Open("http://h/");
  EXPECT_TRUE(sink_->Publish({}));
  EXPECT_TRUE(client_->puts.empty());
}

TEST_F(HttpSinkTest, PrepareAcceptsAnyAnswerButTheRefusalOfCredentials) {
  Open("http://h/base?sig=x");
  for (const int status : {200, 403, 404, 405, 503}) {
    client_->probe_answer = Answered(status, Reason::kHttp4xx);
    EXPECT_TRUE(sink_->Prepare()) << status;
  }
  EXPECT_EQ(client_->probes[0], "http://h/base/?sig=x");
  client_->probe_answer = Answered(401, Reason::kHttp4xx);
  EXPECT_EQ(sink_->Prepare().error().code, ErrorCode::kDenied);
}

TEST_F(HttpSinkTest, PrepareFailsWhenNothingAnswers) {
  Open("http://me:hush@h/");
  client_->probe_answer = Answered(0, Reason::kForbiddenAddress);
  const Status status = sink_->Prepare();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(status.error().what.find("hush"), std::string::npos);
}

TEST(MakeHttpSink, RefusesWhatIsNoHttpUrl) {
  const auto loop = *EventLoop::Create();
  for (const char* url : {"", "ftp://h/", "http://", "http://a b/"}) {
    const auto sink = MakeHttpSink(loop.get(), {url, {}, 1});
    ASSERT_FALSE(sink) << url;
    EXPECT_EQ(sink.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace thumbmill
