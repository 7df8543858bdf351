// Links: tm_test_workers tm_exec tm_loop tm_common
//
// Runs one suite over every kind of executor. Each must give the same bytes for
// the same inputs and follow the same rules.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <string>

#include "tests/workers/executor_fixture.h"
#include "tests/workers/test_workers.h"

namespace thumbmill {
namespace {

struct Backend {
  const char* name;
  std::size_t threads;  // 0 runs worker processes
  std::size_t processes;
};

void PrintTo(const Backend& backend, std::ostream* out) {
  *out << backend.name;
}

constexpr Backend kBackends[] = {{"serial", 1, 0},
                                 {"threads", 3, 0},
                                 {"one_process", 0, 1},
                                 {"processes", 0, 3}};

Recipe ThreeSizes() {
  Recipe recipe;
  for (const std::uint32_t width : {200u, 64u, 32u}) {
    SizeSpec size;
    size.width = size.height = width;
    size.label = size.text = std::to_string(width);
    recipe.sizes.push_back(size);
  }
  return recipe;
}

void Start(const Backend& backend, const Recipe& recipe, ExecutorBench* bench) {
  if (backend.threads > 0) {
    LocalOptions options;
    options.threads = backend.threads;
    options.recipe = recipe;
    return bench->StartThreads(options);
  }
  ProcessOptions options;
  options.workers = backend.processes;
  options.worker_program = RealWorkerProgram();
  options.recipe = recipe;
  options.sandbox = SandboxMode::kAuto;
  bench->StartProcesses(options);
}

class ExecutorContract : public testing::TestWithParam<Backend> {
 protected:
  void Start(const Recipe& recipe = ThreeSizes()) {
    thumbmill::Start(GetParam(), recipe, &bench_);
    ASSERT_TRUE(bench_.failed.empty()) << bench_.failed[0].what;
  }
  TaskId Submit(const std::vector<std::uint8_t>& bytes,
                std::uint64_t capacity = 4 << 20) {
    return bench_.Submit(ByteSpan(bytes), [capacity](Task* task) {
      task->size_mask = 0b111;
      task->output_capacity = capacity;
      task->peak_bytes = 32 << 20;
    });
  }
  void TearDown() override {
    EXPECT_EQ(bench_.duplicates, 0u);
    for (const auto& [id, lost] : bench_.lost) ADD_FAILURE() << lost.message;
    bench_.DestroyExecutor();
    EXPECT_TRUE(ExecutorBench::Children().empty());
  }

  ExecutorBench bench_;
  const std::vector<std::uint8_t> photo_ = Sample("Wine_by_Jakkub_Mede.jpg");
};

using Outputs = std::vector<std::vector<std::uint8_t>>;

// Returns the thumbnails that one thread makes of all samples. Every executor
// must make the same.
const std::map<std::string, Outputs>& Expected() {
  static const auto* const expected = [] {
    auto* made = new std::map<std::string, Outputs>;
    ExecutorBench bench;
    Start(kBackends[0], ThreeSizes(), &bench);
    std::map<TaskId, std::string> names;
    for (const std::string& name : SampleNames())
      names[bench.Submit(ByteSpan(Sample(name)), [](Task* task) {
        task->size_mask = 0b111;
        task->output_capacity = 4 << 20;
      })] = name;
    EXPECT_TRUE(bench.UntilAnswered());
    for (const auto& [id, name] : names)
      (*made)[name] = bench.finished[id].outputs;
    return made;
  }();
  return *expected;
}

TEST_P(ExecutorContract, MakesTheSameBytesEverywhere) {
  Start();
  std::map<TaskId, std::string> names;
  for (int round = 0; round < 2; ++round)
    for (const std::string& name : SampleNames())
      names[Submit(Sample(name))] = name;
  ASSERT_TRUE(bench_.UntilAnswered());
  ASSERT_GE(names.size(), 10u);
  for (const auto& [id, name] : names) {
    const Finished& finished = bench_.finished[id];
    EXPECT_TRUE(finished.outcome.ok()) << name << finished.outcome.message;
    ASSERT_EQ(finished.outputs.size(), 3u) << name;
    EXPECT_TRUE(finished.outputs == Expected().at(name)) << name;
  }
}

TEST_P(ExecutorContract, ThumbnailsComeInTheOrderOfTheOutcome) {
  Start();
  const TaskId id = Submit(photo_);
  ASSERT_TRUE(bench_.UntilAnswered());
  const Finished& finished = bench_.finished[id];
  ASSERT_EQ(finished.outputs.size(), finished.outcome.thumbnails.size());
  for (std::size_t i = 0; i < finished.outputs.size(); ++i) {
    EXPECT_EQ(finished.outputs[i].size(),
              finished.outcome.thumbnails[i].bytes.length);
    EXPECT_EQ(finished.outputs[i][0], 0xFF);  // a JPEG starts with FF D8
    EXPECT_EQ(finished.outputs[i][1], 0xD8);
  }
  EXPECT_GT(finished.outcome.source_width, 200u);
}

TEST_P(ExecutorContract, TellsWhatEachWorkerIsAt) {
  Start();
  const std::size_t places = std::max(GetParam().threads, GetParam().processes);
  std::map<TaskId, bool> seen;
  const auto look = [&] {
    const std::vector<WorkerNow> workers = bench_.executor().Workers();
    EXPECT_EQ(workers.size(), places);
    for (std::size_t at = 0; at < workers.size(); ++at) {
      const WorkerNow& worker = workers[at];
      EXPECT_EQ(worker.worker, at);
      EXPECT_EQ(worker.pid != 0 && worker.private_bytes > 0,
                GetParam().processes > 0);
      if (worker.task == 0) continue;
      EXPECT_TRUE(worker.ready);
      EXPECT_LT(worker.since, Micros(20'000'000));
      EXPECT_TRUE(seen.contains(worker.task));
      seen[worker.task] = true;
    }
  };
  // Look after each submission too: all tasks may be done before the loop runs.
  for (int i = 0; i < 20; ++i) {
    seen[Submit(photo_)] = false;
    look();
  }
  ASSERT_TRUE(bench_.Until([&] {
    look();
    return bench_.answers == seen.size();
  }));
  EXPECT_GT(std::count_if(seen.begin(), seen.end(),
                          [](const auto& task) { return task.second; }),
            0);
  for (const WorkerNow& worker : bench_.executor().Workers())
    EXPECT_EQ(worker.task, 0u);
}

TEST_P(ExecutorContract, MakesOnlyTheSizesThatAreAsked) {
  Start();
  const TaskId id = bench_.Submit(ByteSpan(photo_), [](Task* task) {
    task->size_mask = 0b100;
    task->output_capacity = 1 << 20;
  });
  ASSERT_TRUE(bench_.UntilAnswered());
  const Finished& finished = bench_.finished[id];
  ASSERT_EQ(finished.outputs.size(), 1u);
  EXPECT_EQ(finished.outcome.thumbnails[0].size_index, 2u);
}

TEST_P(ExecutorContract, AnOutputTooSmallSaysWhatItTakes) {
  Start();
  const TaskId id = Submit(photo_, 100);
  ASSERT_TRUE(bench_.UntilAnswered());
  const Finished refused = bench_.finished[id];
  EXPECT_TRUE(refused.outputs.empty());
  ASSERT_GT(refused.outcome.needs_output_bytes, 100u);
  std::uint64_t capacity = refused.outcome.needs_output_bytes;
  for (int i = 0; i < 6; ++i) {
    const TaskId again = Submit(photo_, capacity);
    ASSERT_TRUE(bench_.UntilAnswered());
    const Outcome& outcome = bench_.finished[again].outcome;
    if (outcome.ok()) return;
    ASSERT_GT(outcome.needs_output_bytes, 0u) << outcome.message;
    capacity = std::max(capacity * 2, outcome.needs_output_bytes);
  }
  FAIL() << "never enough";
}

TEST_P(ExecutorContract, AnEmptyInputIsEmpty) {
  Start();
  const TaskId id = Submit({});
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[id].outcome.reason, Reason::kEmpty);
}

TEST_P(ExecutorContract, WhatIsNoImageFailsAndTheNextOneSucceeds) {
  Start();
  const TaskId bad = Submit(std::vector<std::uint8_t>(1000, 'x'));
  const TaskId good = Submit(photo_);
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[bad].outcome.reason, Reason::kNotImage);
  EXPECT_TRUE(bench_.finished[good].outcome.ok());
}

TEST_P(ExecutorContract, ATruncatedImageFailsWithoutHarm) {
  Start();
  std::vector<std::uint8_t> half = photo_;
  half.resize(half.size() / 2);
  const TaskId id = Submit(half);
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[id].outcome.reason, Reason::kTruncated)
      << bench_.finished[id].outcome.message;
}

TEST_P(ExecutorContract, TakesAsManyAsItHasRoomFor) {
  Start();
  ASSERT_TRUE(bench_.Until([this] { return bench_.executor().Room() > 0; }));
  const std::size_t room = bench_.executor().Room();
  for (std::size_t i = 0; i < room; ++i) Submit({});
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size(), room);
}

TEST_P(ExecutorContract, DrainAnswersWhatWasSubmitted) {
  Start();
  for (int i = 0; i < 5; ++i) Submit(photo_);
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_EQ(bench_.finished.size(), 5u);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_P(ExecutorContract, AbortAnswersNothingMore) {
  Start();
  for (int i = 0; i < 5; ++i) Submit(photo_);
  const std::size_t before = bench_.answers;
  bench_.executor().Stop(StopMode::kAbort);
  EXPECT_EQ(bench_.executor().Room(), 0u);
  for (int i = 0; i < 5; ++i) bench_.loop().RunOnce(Millis(5));
  EXPECT_EQ(bench_.answers, before);
}

TEST_P(ExecutorContract, StoppingTwiceIsStoppingOnce) {
  Start();
  Submit(photo_);
  bench_.executor().Stop(StopMode::kDrain);
  bench_.executor().Stop(StopMode::kAbort);
  EXPECT_EQ(bench_.finished.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Backends, ExecutorContract,
                         testing::ValuesIn(kBackends), [](const auto& backend) {
                           return std::string(backend.param.name);
                         });

// Kills workers with SIGKILL at random times. The bytes must be the same in the
// end.
TEST(ExecutorUnderFire, KilledWorkersChangeNoByte) {
  ExecutorBench bench;
  Start(kBackends[3], ThreeSizes(), &bench);
  std::map<TaskId, std::string> names;
  bench.on_lost = [](const Lost& lost) {
    EXPECT_FALSE(lost.charged) << lost.message;
  };
  unsigned seed = 7;
  for (int round = 0; round < 10; ++round)
    for (const std::string& name : SampleNames()) {
      names[bench.Submit(ByteSpan(Sample(name)), [](Task* task) {
        task->size_mask = 0b111;
        task->output_capacity = 4 << 20;
      })] = name;
      seed = seed * 1664525 + 1013904223;
      const auto children = ExecutorBench::Children();
      if (seed >> 29 == 0 && !children.empty())
        kill(children[seed % children.size()], SIGKILL);
    }
  ASSERT_TRUE(bench.UntilAnswered());
  while (!bench.lost.empty()) bench.Resubmit(bench.lost.begin()->second);
  ASSERT_TRUE(bench.UntilAnswered());
  EXPECT_TRUE(bench.lost.empty());
  EXPECT_GT(bench.executor().stats().workers_lost, 0u);
  for (const auto& [id, name] : names)
    EXPECT_TRUE(bench.finished[id].outputs == Expected().at(name)) << name;
}

TEST(Sandbox, AWorkerThatRequiresItDecodesWithinIt) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "there is no sandbox under AddressSanitizer";
#endif
  ExecutorBench bench;
  ProcessOptions options;
  options.worker_program = RealWorkerProgram();
  options.recipe = ThreeSizes();
  options.sandbox = SandboxMode::kRequire;
  bench.StartProcesses(options);
  std::map<TaskId, std::string> names;
  for (const std::string& name : SampleNames())
    names[bench.Submit(ByteSpan(Sample(name)), [](Task* task) {
      task->size_mask = 0b111;
      task->output_capacity = 4 << 20;
    })] = name;
  ASSERT_TRUE(bench.UntilAnswered());
  EXPECT_TRUE(bench.lost.empty());
  for (const auto& [id, name] : names)
    EXPECT_TRUE(bench.finished[id].outputs == Expected().at(name)) << name;
  bench.executor().Stop(StopMode::kDrain);
  // A worker that broke the filter while it exits would count as lost.
  EXPECT_EQ(bench.executor().stats().workers_lost, 0u);
}

}  // namespace
}  // namespace thumbmill
