// Links: tm_http_sink tm_fixtures
//
// Tests the HTTP sink against a real nginx.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "coordinator/loop/event_loop.h"
#include "coordinator/sink/http_sink.h"
#include "tests/integration/nginx_test.h"

namespace thumbmill {
namespace {

class HttpSinkLive : public NginxTest {
 protected:
  void Open(const std::string& base) {
    auto sink = MakeHttpSink(loop_.get(), {base, {}, 4});
    ASSERT_TRUE(sink) << sink.error().what;
    sink_ = *std::move(sink);
  }
  // Puts `items` items of three files each and waits for the answers.
  void PutAll(int items) {
    for (int i = 0; i < items; ++i) {
      auto item = std::make_shared<StoreItem>();
      item->id = static_cast<std::uint64_t>(i);
      for (const char* size : {"32", "64", "200"})
        item->files.push_back(
            {"d/\xc3\xbc " + std::to_string(i) + "_" + size,
             std::vector<std::uint8_t>(static_cast<std::size_t>(1000 + i), 'x'),
             "image/jpeg"});
      sink_->Put(item, [this](std::shared_ptr<StoreItem>, StoreResult result) {
        results_.push_back(result);
      });
    }
    bool late = false;
    const auto timer = loop_->After(Millis(30'000), [&late] { late = true; });
    while (results_.size() < static_cast<std::size_t>(items) && !late)
      loop_->RunOnce(Millis(100));
    loop_->Cancel(timer);
    EXPECT_FALSE(late);
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  std::unique_ptr<Sink> sink_;
  std::vector<StoreResult> results_;
};

TEST_F(HttpSinkLive, StoresEveryFileUnderItsName) {
  Open(server_->Http("/dav/base"));
  ASSERT_TRUE(sink_->Prepare());
  PutAll(50);
  for (const StoreResult& result : results_)
    EXPECT_EQ(result.outcome, StoreOutcome::kStored) << result.message;
  for (int i = 0; i < 50; ++i)
    for (const char* size : {"32", "64", "200"})
      EXPECT_EQ(std::filesystem::file_size(
                    server_->dav() / "base/d" /
                    ("\xc3\xbc " + std::to_string(i) + "_" + size)),
                static_cast<std::uintmax_t>(1000 + i));
}

TEST_F(HttpSinkLive, PrepareLeavesNothingBehind) {
  Open(server_->Http("/dav/"));
  ASSERT_TRUE(sink_->Prepare());
  EXPECT_TRUE(std::filesystem::is_empty(server_->dav()));
}

TEST_F(HttpSinkLive, PrepareTriesAgainAndThenSaysThatNobodyAnswers) {
  Open("http://127.0.0.1:" + std::to_string(FreePort()) + "/");
  const auto before = std::chrono::steady_clock::now();
  const Status status = sink_->Prepare();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_GE(std::chrono::steady_clock::now() - before, Millis(700));
}

TEST_F(HttpSinkLive, AServerThatTakesNoPutIsFatal) {
  Open(server_->Http("/files/"));
  PutAll(1);
  EXPECT_EQ(results_[0].outcome, StoreOutcome::kFatal);
}

TEST_F(HttpSinkLive, AbortWithUploadsUnderWayAnswersNothing) {
  Open(server_->Http("/put-slow"));
  auto item = std::make_shared<StoreItem>();
  item->files.push_back({"a", {1}, "image/jpeg"});
  sink_->Put(item, [](std::shared_ptr<StoreItem>, StoreResult) { FAIL(); });
  for (int i = 0; i < 20; ++i) loop_->RunOnce(Millis(5));
  sink_->Abort();
  for (int i = 0; i < 20; ++i) loop_->RunOnce(Millis(5));
}

}  // namespace
}  // namespace thumbmill
