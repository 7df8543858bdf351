// Links: tm_engine
#include "coordinator/engine/engine.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <regex>

#include "tests/unit/engine_parts.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

TEST_F(EngineTest, MakesEveryImageAndGivesAllMemoryBack) {
  std::vector<ImageRef> refs;
  for (int i = 0; i < 300; ++i)
    refs.push_back(File("f" + std::to_string(i), "bytes"));
  const RunEnd end = Run(std::move(refs));
  EXPECT_EQ(end.kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(stats_.done, 300u);
  EXPECT_EQ(sink_->published.size(), 300u);
  EXPECT_EQ(arena_->held(), 0u);
  EXPECT_EQ(decode_.used() + store_.used(), 0u);
  EXPECT_EQ(executor_->stopped, StopMode::kDrain);
}

TEST_F(EngineTest, EndsWithoutAnyInput) {
  EXPECT_EQ(Run({}).kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(stats_.listed, 0u);
}

TEST_F(EngineTest, GivesEachFailureItsReasonAndGoesOn) {
  ImageRef missing = File("missing", "x");
  unlink(missing.path.c_str());
  ImageRef bad;
  bad.uri = "gopher://x";
  bad.reason = Reason::kBadLine;
  const RunEnd end = Run({File("a", "bytes"), missing, File("empty", ""), bad,
                          File("big", std::string(1 << 20, 'x'))});
  EXPECT_EQ(end.kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(stats_.done, 1u);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kRead], 1u);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kEmpty], 1u);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kBadLine], 1u);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kTooBig], 1u);
}

TEST_F(EngineTest, CountsTheSameSourceTwiceAsADuplicate) {
  const ImageRef ref = File("a", "bytes");
  Run({ref, ref});
  EXPECT_EQ(stats_.done, 1u);
  EXPECT_EQ(stats_.skipped_by_reason[Reason::kDuplicate], 1u);
}

TEST_F(EngineTest, FailsTheSecondSourceOfAName) {
  ImageRef other = File("b", "bytes");
  other.stem = "a";
  Run({File("a", "bytes"), other});
  EXPECT_EQ(stats_.done, 1u);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kNameCollision], 1u);
}

TEST_F(EngineTest, TriesAnImageAgainWhenAWorkerWasLost) {
  executor_->lose = 2;
  Run({File("a", "bytes")});
  EXPECT_EQ(stats_.done, 1u);
  EXPECT_EQ(executor_->submitted, 3);
}

TEST_F(EngineTest, GivesUpAnImageThatCostsItsAttempts) {
  executor_->lose = 100;
  Run({File("a", "bytes")});
  EXPECT_EQ(stats_.failed_by_reason[Reason::kCrash], 1u);
  EXPECT_EQ(executor_->submitted, 3);
}

TEST_F(EngineTest, KeepsTheInputOfAnImageThatCostsItsAttempts) {
  TempDir kept;
  options_.keep_poison = kept / "poison";
  executor_->lose = 3;
  Run({File("a", "bytes")});
  EXPECT_EQ(stats_.failed_by_reason[Reason::kCrash], 1u);
  std::vector<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(options_.keep_poison))
    names.push_back(file.path().filename());
  ASSERT_EQ(names.size(), 1u);
  EXPECT_TRUE(names[0].ends_with("-a.jpg")) << names[0];
  EXPECT_EQ(kept.Read("poison/" + names[0]), "bytes");
  EXPECT_EQ(arena_->held(), 0u);
}

TEST_F(EngineTest, AnInputThatCannotBeKeptIsNoFailureOfTheRun) {
  options_.keep_poison = "/dev/null/poison";
  executor_->lose = 3;
  const RunEnd end = Run({File("a", "bytes")});
  EXPECT_EQ(end.kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kCrash], 1u);
}

TEST_F(EngineTest, SeveralViewersSeeTheSameRun) {
  std::vector<std::uint64_t> first, second;
  std::size_t ends = 0;
  const RunEnd end = Run({File("a", "bytes")}, [&](Engine* engine) {
    engine->monitor().AddViewer([&](const Snapshot& snapshot) {
      first.push_back(snapshot.counts->done);
      ends += snapshot.ended ? 1 : 0;
    });
    engine->monitor().AddViewer([&](const Snapshot& snapshot) {
      second.push_back(snapshot.counts->done);
    });
  });
  EXPECT_EQ(end.kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(first, second);
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(first.back(), 1u);
  EXPECT_EQ(ends, 1u);
}

TEST_F(EngineTest, ASnapshotNamesTheImageAtTheTarget) {
  Activity activity;
  const ImageRef image = File("a", "bytes");
  Run({image}, [&](Engine* engine) {
    sink_->answer = [engine, &activity](int) {
      activity = engine->monitor().Take(Detail::kActivity).activity;
      return StoreResult{};
    };
  });
  ASSERT_EQ(activity.stores.size(), 1u);
  EXPECT_EQ(activity.stores[0].image, image.path);
  EXPECT_EQ(activity.stores[0].tries, 1);
  EXPECT_TRUE(activity.fetches.empty());
  EXPECT_EQ(activity.more_stores, 0u);
}

TEST_F(EngineTest, LogsEachTryAndItsTimeWhenAsked) {
  TempDir logs;
  ASSERT_TRUE(InitLog({LogLevel::kDebug, logs / "log", false, "test"}));
  sink_->answer = [](int put) {
    StoreResult result;
    if (put > 1) return result;
    result.outcome = StoreOutcome::kTransient;
    result.message = "the target answers 503";
    return result;
  };
  const ImageRef image = File("a", "bytes");
  ImageRef missing = File("missing", "x");
  unlink(missing.path.c_str());
  Run({image, missing});
  (void)InitLog({LogLevel::kOff, "", false, "test"});
  const std::string log = logs.Read("log");
  const auto line = [&log](const std::string& pattern) {
    return std::regex_search(log, std::regex(pattern));
  };
  EXPECT_TRUE(line("fetch " + image.path + ", try 1: 5 B after [0-9.]+ ms"));
  EXPECT_TRUE(line("fetch " + missing.path + ", try 1: read: .* ms"));
  EXPECT_TRUE(line("make " + image.path +
                   ", attempt 1: 1 thumbnails .decode [0-9.]+ ms"));
  EXPECT_TRUE(
      line("store " + image.path + ", try 1: the target answers 503 after"));
  EXPECT_TRUE(line("store " + image.path + ": again in [0-9]+ ms"));
  EXPECT_TRUE(line("store " + image.path + ", try 2: done after"));
  EXPECT_FALSE(line("make " + missing.path)) << log;
}

TEST_F(EngineTest, PutsAgainWhatTheTargetRefusedForNow) {
  sink_->answer = [](int put) {
    StoreResult result;
    if (put > 2) return result;
    result.outcome = StoreOutcome::kTransient;
    return result;
  };
  Run({File("a", "bytes")});
  EXPECT_EQ(stats_.done, 1u);
  EXPECT_EQ(sink_->puts, 3);
  EXPECT_EQ(stats_.retries, 2u);
}

TEST_F(EngineTest, StopsWhenTheTargetCannotBeUsed) {
  sink_->answer = [](int) {
    StoreResult result;
    result.outcome = StoreOutcome::kFatal;
    result.message = "disk full";
    return result;
  };
  const RunEnd end = Run({File("a", "bytes"), File("b", "bytes")});
  EXPECT_EQ(end.kind, RunEnd::Kind::kFatal);
  EXPECT_EQ(end.error.what, "disk full");
  EXPECT_EQ(stats_.done, 0u);
}

TEST_F(EngineTest, RecordsNothingWhenABatchCannotBePublished) {
  sink_->fail_publish = true;
  const RunEnd end = Run({File("a", "bytes")});
  EXPECT_EQ(end.kind, RunEnd::Kind::kFatal);
  EXPECT_EQ(stats_.done, 0u);
  EXPECT_EQ(journal_->Counts()->done, 0u);
}

TEST_F(EngineTest, StopsEarlyAtTheBoundOfFailures) {
  options_.max_failures = FailureBound{2, 0};
  std::vector<ImageRef> refs;
  for (int i = 0; i < 5; ++i)
    refs.push_back(File("empty" + std::to_string(i), ""));
  EXPECT_EQ(Run(std::move(refs)).kind, RunEnd::Kind::kLimit);
}

TEST_F(EngineTest, DrainsWhenInterruptedAndStopsWhenAskedTwice) {
  std::vector<ImageRef> refs;
  for (int i = 0; i < 100; ++i)
    refs.push_back(File("f" + std::to_string(i), "bytes"));
  const RunEnd end = Run(refs, [&](Engine* engine) {
    loop_->Post([engine] { engine->Interrupt(SIGINT); });
  });
  EXPECT_EQ(end.kind, RunEnd::Kind::kInterrupted);
  EXPECT_EQ(end.signal, SIGINT);
  EXPECT_EQ(executor_->stopped, StopMode::kDrain);
  EXPECT_EQ(arena_->held(), 0u);
}

TEST_F(EngineTest, ReadsFewFilesAheadOfTheWorkers) {
  options_.workers = 1;
  std::size_t most = 0;
  executor_->submitting = [&] { most = std::max(most, arena_->held()); };
  std::vector<ImageRef> refs;
  for (int i = 0; i < 100; ++i)
    refs.push_back(File("f" + std::to_string(i), "bytes"));
  arena_ = *Arena::Create({64, 1 << 20, 4096, "test"}, &input_);
  Run(std::move(refs));
  EXPECT_EQ(stats_.done, 100u);
  EXPECT_GT(most, 4u);   // more than the workers hold
  EXPECT_LE(most, 20u);  // 12 ahead, 4 at workers, some being stored
}

TEST_F(EngineTest, MakesOneImageAtATimeWhenSerial) {
  options_.backend = Backend::kSerial;
  std::vector<ImageRef> refs;
  for (int i = 0; i < 20; ++i)
    refs.push_back(File("f" + std::to_string(i), "bytes"));
  Run(std::move(refs));
  EXPECT_EQ(stats_.done, 20u);
  EXPECT_LE(arena_->allocated_bytes(), 4096u * 2);
}

}  // namespace
}  // namespace thumbmill
