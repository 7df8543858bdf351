// tests/unit/engine_parts.h: an engine whose source, executor and sink are
// fakes that live in memory and remember; the loop, the pool and the arena are
// real.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <set>

#include "common/log.h"
#include "coordinator/cli/options.h"
#include "coordinator/engine/engine.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/loop/memory_peak.h"

namespace thumbmill {

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

// Answers each task with one thumbnail of one byte, or loses it if `lose` is
// set.
class MemoryExecutor final : public Executor {
 public:
  explicit MemoryExecutor(EventLoop* loop) : loop_(loop) {}
  Status Start(ExecutorEvents events) override {
    events_ = std::move(events);
    return {};
  }
  std::size_t Room() const override {
    return 4 - std::min<std::size_t>(4, running_);
  }
  void Submit(const Task& task) override {
    ++submitted;
    if (submitting) submitting();
    ++running_;
    loop_->Post([this, task] {
      --running_;
      if (lose > 0) {
        --lose;
        Lost lost{task.id, true, Reason::kCrash, SIGSEGV, "died", "decode"};
        lost.running = true;
        lost.alone = task.alone;
        events_.lost(lost);
        return;
      }
      Finished finished;
      finished.id = task.id;
      finished.outcome.output_format = ImageFormat::kJpeg;
      finished.outcome.thumbnails = {{0, 1, 1, {0, 1}}};
      finished.outputs = {{7}};
      if (finishing) finishing(&finished);
      events_.finished(std::move(finished));
    });
  }
  void Stop(StopMode mode) override { stopped = mode; }
  ExecutorStats stats() const override { return {}; }

  std::function<void()> submitting;
  std::function<void(Finished*)> finishing;  // may change the result
  int submitted = 0;
  int lose = 0;  // number of next tasks to lose
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
  Result<std::vector<Unpublished>> Publish(
      std::span<const std::shared_ptr<StoreItem>> batch) override {
    if (fail_publish) return Fail(ErrorCode::kNoSpace, "disk full");
    for (const auto& item : batch)
      for (const auto& file : item->files) published.insert(file.name);
    return std::vector<Unpublished>();
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
    parts.name = &name_;
    parts.stats = &stats_;
    parts.memory = &memory_;
    parts.transfers = transfers_.get();
    parts.network = network_;
    Engine engine(options_, parts,
                  std::make_unique<MemorySource>(std::move(refs)));
    if (before) before(&engine);
    return engine.Run();
  }

  std::string dir_;
  std::vector<std::string> files_;
  MemoryBudget input_{8 << 20}, decode_{64 << 20}, store_{8 << 20};
  std::unique_ptr<Arena> arena_;  // destroyed after the loop, as in a run
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<IoPool> pool_;
  std::unique_ptr<MemoryExecutor> executor_;
  std::unique_ptr<MemorySink> sink_;
  std::unique_ptr<Journal> journal_;
  NameTemplate name_ = *NameTemplate::Parse("");
  RunOptions options_;
  RunStats stats_;
  MemoryPeak memory_;
  std::unique_ptr<Transfers> transfers_;  // null if no input is a URL
  OutageDetectorOptions network_;
};

}  // namespace thumbmill
