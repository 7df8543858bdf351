// Links: tm_engine
//
// The engine with fakes at its seams: a source, an executor and a sink that
// live in memory and remember; the loop, the pool and the arena are real.
#include "coordinator/engine.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <set>

#include "common/log.h"
#include "coordinator/event_loop.h"
#include "coordinator/io_pool.h"

namespace thumbmill {
namespace {

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::vector<ImageRef> refs) : refs_(std::move(refs)) {}
  Result<std::optional<ImageRef>> Next() override {
    if (at_ == refs_.size()) return std::nullopt;
    refs_[at_].index = at_;
    return refs_[at_++];
  }

 private:
  std::vector<ImageRef> refs_;
  std::size_t at_ = 0;
};

// Answers each task with one thumbnail of one byte, or as it was told.
class MemoryExecutor final : public Executor {
 public:
  explicit MemoryExecutor(EventLoop* loop) : loop_(loop) {}
  Status Start(ExecutorEvents events) override {
    events_ = std::move(events);
    return {};
  }
  std::size_t Room() const override { return 4 - std::min<std::size_t>(4, running_); }
  void Submit(const Task& task) override {
    ++submitted;
    ++running_;
    loop_->Post([this, task] {
      --running_;
      if (lose > 0) {
        --lose;
        events_.lost({task.id, true, Reason::kCrash, SIGSEGV, "died", "decode"});
        return;
      }
      Finished finished;
      finished.id = task.id;
      finished.outcome.output_format = ImageFormat::kJpeg;
      finished.outcome.thumbnails = {{0, 1, 1, {0, 1}}};
      finished.outputs = {{7}};
      events_.finished(std::move(finished));
    });
  }
  void Stop(StopMode mode) override { stopped = mode; }
  ExecutorStats stats() const override { return {}; }

  int submitted = 0;
  int lose = 0;  // so many tasks
  std::optional<StopMode> stopped;

 private:
  EventLoop* loop_;
  ExecutorEvents events_;
  std::size_t running_ = 0;
};

class MemorySink final : public Sink {
 public:
  explicit MemorySink(EventLoop* loop) : loop_(loop) {}
  Status Prepare() override { return {}; }
  void Put(std::shared_ptr<StoreItem> item, Done done) override {
    ++puts;
    loop_->Post([this, item, done] { done(item, answer(puts)); });
  }
  Status Publish(std::span<const std::shared_ptr<StoreItem>> batch) override {
    if (fail_publish) return Fail(ErrorCode::kNoSpace, "disk full");
    for (const auto& item : batch)
      for (const auto& file : item->files) published.insert(file.name);
    return {};
  }
  void Abort() override {}

  std::function<StoreResult(int)> answer = [](int) { return StoreResult{}; };
  bool fail_publish = false;
  int puts = 0;
  std::set<std::string> published;

 private:
  EventLoop* loop_;
};

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    (void)InitLog({LogLevel::kOff, "", false, "test"});
    char path[] = "/tmp/engine-test-XXXXXX";
    dir_ = mkdtemp(path);
    loop_ = *EventLoop::Create();
    pool_ = std::make_unique<IoPool>(2);
    arena_ = *Arena::Create({16, 1 << 20, 4096, "test"}, &input_);
    executor_ = std::make_unique<MemoryExecutor>(loop_.get());
    sink_ = std::make_unique<MemorySink>(loop_.get());
    journal_ = *MemoryJournal();
    SizeSpec size;
    size.width = 64;
    size.text = size.label = "64";
    options_.recipe.sizes = {size};
    options_.transfer.max_bytes = 1 << 19;
    options_.retry_delay = Millis(1);
  }
  void TearDown() override {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(dir_.c_str());
  }

  ImageRef File(const std::string& name, const std::string& bytes) {
    const std::string path = dir_ + "/" + name;
    std::ofstream(path) << bytes;
    files_.push_back(path);
    ImageRef ref;
    ref.uri = ref.path = path;
    ref.stem = name;
    ref.srcext = "jpg";
    ref.size_bytes = bytes.size();
    return ref;
  }

  RunEnd Run(std::vector<ImageRef> refs,
             const std::function<void(Engine*)>& before = {}) {
    EngineParts parts;
    parts.loop = loop_.get();
    parts.pool = pool_.get();
    parts.arena = arena_.get();
    parts.decode = &decode_;
    parts.store = &store_;
    parts.executor = executor_.get();
    parts.sink = sink_.get();
    parts.journal = journal_.get();
    parts.journal_mutex = &journal_mutex_;
    parts.name = &name_;
    parts.stats = &stats_;
    Engine engine(options_, parts,
                  std::make_unique<MemorySource>(std::move(refs)));
    if (before) before(&engine);
    return engine.Run();
  }

  std::string dir_;
  std::vector<std::string> files_;
  MemoryBudget input_{8 << 20}, decode_{64 << 20}, store_{8 << 20};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<IoPool> pool_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<MemoryExecutor> executor_;
  std::unique_ptr<MemorySink> sink_;
  std::unique_ptr<Journal> journal_;
  std::mutex journal_mutex_;
  NameTemplate name_ = *NameTemplate::Parse("");
  RunOptions options_;
  RunStats stats_;
};

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

TEST_F(EngineTest, PutsAgainWhatTheTargetRefusedForNow) {
  sink_->answer = [](int put) {
    StoreResult result;
    if (put > 2) return result;
    result.reason = Reason::kUpload;
    result.transient = true;
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
    result.reason = Reason::kUpload;
    result.fatal = true;
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
