// Links: tm_net tm_fixtures
//
// Tests transfers without memory, and transfers that are cancelled.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/transfer_case.h"

namespace thumbmill {
namespace {

Micros CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         Micros(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

TEST_F(TransferTest, PausesWithoutMemoryAndGoesOnWhereItWas) {
  const std::string bytes = ServeFile("a.bin", 2'000'000);
  sink_.room = 300'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  for (int rounds = 0; rounds < 6; ++rounds) {
    ASSERT_TRUE(RunUntil([&] { return sink_.refusals == rounds + 1; }));
    sink_.room += 300'000;
    transfers_->Resume(id);
  }
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_EQ(sink_.restarts, 1);
}

TEST_F(TransferTest, PausedTimeCountsForNoDeadlineAndCostsNoProcessor) {
  const std::string bytes = ServeFile("a.bin", 2'000'000);
  options_.timeout = Millis(500);
  options_.min_speed_window = Millis(300);
  Open();
  sink_.room = 100'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return sink_.refusals > 0; }));
  const Micros before = CpuTime();
  RunFor(Millis(1500));
  EXPECT_LT(CpuTime() - before, std::chrono::milliseconds(200));
  EXPECT_FALSE(result);
  sink_.room = bytes.size();
  transfers_->Resume(id);
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_LT(result->times.total, std::chrono::milliseconds(1000));
}

TEST_F(TransferTest, AResumeFromInsideTheRefusalIsNotLost) {
  const std::string bytes = ServeFile("a.bin", 500'000);
  sink_.room = 100'000;
  TransferId id = 0;
  sink_.on_refusal = [&] {
    sink_.room += 150'000;
    transfers_->Resume(id);
  };
  std::optional<TransferResult> result;
  id = transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                       [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_GE(sink_.refusals, 3);
}

TEST_F(TransferTest, AResumeWithoutMemoryPausesAgain) {
  ServeFile("a.bin", 500'000);
  sink_.room = 100'000;
  bool ended = false;
  const TransferId id =
      transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                      [&](TransferResult) { ended = true; });
  for (int refusals = 1; refusals <= 5; ++refusals) {
    ASSERT_TRUE(RunUntil([&] { return sink_.refusals == refusals; }));
    transfers_->Resume(id);
  }
  EXPECT_FALSE(ended);
}

// Only the caller of curl_easy_pause() learns of an error inside it.
TEST_F(TransferTest, ABodyThatOutgrowsTheCapWhileItIsResumedEnds) {
  options_.max_bytes = 150'000;
  Open();
  sink_.room = 140'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/endless"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return sink_.refusals > 0; }));
  RunFor(Millis(50));
  sink_.room = 1'000'000;
  transfers_->Resume(id);
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kTooBig) << result->message;
}

TEST_F(TransferTest, ACodedBodyWithoutMemoryGoesOnWhereItWas) {
  sink_.room = 100'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/zeros?chunks=64"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return sink_.refusals > 0; }));
  RunFor(Millis(100));
  EXPECT_FALSE(result);
  sink_.room = 100'000'000;
  transfers_->Resume(id);
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == std::string(64 * 65536, '\0'));
  EXPECT_EQ(sink_.restarts, 1);
}

TEST_F(TransferTest, APausedTransferHoldsUpNobody) {
  ServeFile("a.bin", 2'000'000);
  options_.ca_file = server_->certificate();
  Open();
  MemorySink full;
  full.room = 0;
  bool ended = false;
  transfers_->Get({server_->Https("/files/a.bin"), false, &full},
                  [&](TransferResult) { ended = true; });
  ASSERT_TRUE(RunUntil([&] { return full.refusals > 0; }));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(GetUrl(server_->Https("/files/a.bin")).reason, Reason::kNone);
  EXPECT_FALSE(ended);
}

TEST_F(TransferTest, CancelBeforeTheStartAnswersNothing) {
  bool ended = false;
  const TransferId id = transfers_->Get({server_->Http("/uri"), false, &sink_},
                                        [&](TransferResult) { ended = true; });
  transfers_->Cancel(id);
  EXPECT_EQ(transfers_->active(), 0u);
  RunFor(Millis(100));
  EXPECT_FALSE(ended);
  EXPECT_EQ(sink_.restarts, 0);
}

TEST_F(TransferTest, CancelWorksInEachState) {
  ServeFile("a.bin", 2'000'000);
  sink_.room = 200'000;  // a.bin pauses, the other paths wait for the server
  bool ended = false;
  const auto done = [&](TransferResult) { ended = true; };
  for (const char* path : {"/silent", "/files/a.bin", "/zeros?chunks=64",
                           "/drip?size=10&ms=20", "/hops?n=9"}) {
    for (const int ms : {0, 1, 5, 50}) {
      const TransferId id =
          transfers_->Get({server_->Http(path), false, &sink_}, done);
      RunFor(Millis(ms));
      transfers_->Cancel(id);
      transfers_->Resume(id);
      transfers_->Cancel(id);
    }
  }
  transfers_->Cancel(4711);
  RunFor(Millis(100));
  EXPECT_EQ(transfers_->active(), 0u);
  sink_.room = 10'000'000;
  EXPECT_EQ(Get("/files/a.bin").reason, Reason::kNone);
}

TEST_F(TransferTest, TheSinkMayCancelItsOwnTransfer) {
  ServeFile("a.bin", 500'000);
  TransferId id = 0;
  bool ended = false;
  int extended = 0;
  sink_.on_extend = [&] {
    if (++extended == 3) transfers_->Cancel(id);
  };
  id = transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                       [&](TransferResult) { ended = true; });
  RunFor(Millis(300));
  EXPECT_FALSE(ended);
  EXPECT_EQ(extended, 3);
  EXPECT_EQ(transfers_->active(), 0u);
}

TEST_F(TransferTest, TheSinkMayCancelAndStartOthersToFindMemory) {
  const std::string bytes = ServeFile("a.bin", 500'000);
  const std::string url = server_->Http("/files/a.bin");
  MemorySink young, again;
  young.room = 50'000;
  bool young_ended = false, again_ended = false;
  TransferId young_id = transfers_->Get(
      {url, false, &young}, [&](TransferResult) { young_ended = true; });
  ASSERT_TRUE(RunUntil([&] { return young.refusals > 0; }));
  sink_.on_extend = [&] {
    if (std::exchange(young_id, 0) == 0) return;
    transfers_->Cancel(1);
    transfers_->Get({url, false, &again},
                    [&](TransferResult) { again_ended = true; });
  };
  EXPECT_EQ(GetUrl(url).reason, Reason::kNone);
  ASSERT_TRUE(RunUntil([&] { return again_ended; }));
  EXPECT_FALSE(young_ended);
  EXPECT_TRUE(again.text() == bytes);
}

TEST_F(TransferTest, ACallbackMayStartAndCancelTransfers) {
  TransferId silent = transfers_->Get({server_->Http("/silent"), false, &sink_},
                                      [](TransferResult) { FAIL(); });
  MemorySink first, second;
  bool ended = false;
  transfers_->Get({server_->Http("/uri"), false, &first}, [&](TransferResult) {
    transfers_->Cancel(silent);
    transfers_->Get({server_->Http("/uri"), false, &second},
                    [&](TransferResult) { ended = true; });
  });
  ASSERT_TRUE(RunUntil([&] { return ended; }));
  EXPECT_EQ(second.text(), "/uri");
  EXPECT_EQ(transfers_->active(), 0u);
}

// Runs forty transfers at a time over HTTP/1 and HTTP/2, and refuses memory,
// resumes and cancels at random. Each transfer that is not cancelled must end
// exactly once, with all its bytes.
TEST_F(TransferTest, SurvivesPausesAndCancelsByChance) {
  const std::string bytes = ServeFile("a.bin", 700'000);
  options_.ca_file = server_->certificate();
  Open();
  struct One {
    MemorySink sink;
    TransferId id = 0;
    int ended = 0;
    bool cancelled = false;
  };
  std::mt19937 random(11);
  std::vector<std::unique_ptr<One>> all;
  for (int i = 0; i < 400; ++i) {
    auto one = std::make_unique<One>();
    One* raw = one.get();
    raw->sink.room = random() % 900'000;
    raw->sink.on_refusal = [&random, raw, this] {
      loop_->After(Millis(random() % 20), [&random, raw, this] {
        raw->sink.room += random() % 400'000;
        transfers_->Resume(raw->id);
      });
    };
    const std::string url = random() % 2 == 0 ? server_->Https("/files/a.bin")
                                              : server_->Http("/files/a.bin");
    raw->id = transfers_->Get(
        {url, false, &raw->sink}, [raw, &bytes](TransferResult result) {
          ++raw->ended;
          EXPECT_EQ(result.reason, Reason::kNone) << result.message;
          EXPECT_TRUE(raw->sink.text() == bytes);
        });
    all.push_back(std::move(one));
    if (random() % 4 == 0) {
      One* victim = all[random() % all.size()].get();
      victim->cancelled |= victim->ended == 0;
      transfers_->Cancel(victim->id);
    }
    ASSERT_TRUE(RunUntil([&] { return transfers_->active() < 40; }));
  }
  ASSERT_TRUE(RunUntil([&] { return transfers_->active() == 0; }));
  RunFor(Millis(50));
  for (const auto& one : all) EXPECT_EQ(one->ended, one->cancelled ? 0 : 1);
}

TEST_F(TransferTest, CanBeDestroyedWithTransfersInEachState) {
  ServeFile("a.bin", 2'000'000);
  sink_.room = 100'000;
  for (const char* path :
       {"/silent", "/files/a.bin", "/zeros?chunks=64", "/drip?size=10&ms=20"})
    transfers_->Get({server_->Http(path), false, &sink_},
                    [](TransferResult) { FAIL(); });
  RunFor(Millis(100));
  transfers_->Get({server_->Http("/uri"), false, &sink_},
                  [](TransferResult) { FAIL(); });
  transfers_.reset();
  RunFor(Millis(50));
}

}  // namespace
}  // namespace thumbmill
