// Links: tm_test_workers tm_exec tm_loop tm_common
//
// Tests placing, starting and stopping: the executor with workers that behave
// well while they have work.
#include "coordinator/exec/process_executor.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <string>

#include "tests/unit/process_executor_fixture.h"

namespace thumbmill {
namespace {

TEST_F(ProcessExecutorTest, AnswersEveryTaskOnce) {
  Start(2);
  for (int i = 0; i < 500; ++i) Order("some bytes");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size(), 500u);
  EXPECT_EQ(bench_.finished[7].outputs.at(0).size(), 8u);
  EXPECT_EQ(bench_.finished[7].outputs[0][0], 10);  // the input's length
}

TEST_F(ProcessExecutorTest, HasNoRoomBeforeAWorkerIsReady) {
  Start();
  EXPECT_EQ(bench_.executor().Room(), 0u);
}

TEST_F(ProcessExecutorTest, QueuesMoreShortTasksThanLongOrLargeOnes) {
  Start();
  const auto fill = [this](Micros expected, std::uint64_t peak) {
    std::size_t sent = 0;
    do {
      bench_.Submit("hang", [=](Task* task) {
        task->expected = expected;
        task->peak_bytes = peak;
      });
      ++sent;
    } while (bench_.executor().Room() > 0);
    return sent;
  };
  EXPECT_EQ(fill(Micros(100), 9 << 20), 8u);
  bench_.DestroyExecutor();
  Start();
  EXPECT_EQ(fill(Micros(100'000), 9 << 20), 2u);
  bench_.DestroyExecutor();
  Start();
  EXPECT_EQ(fill(Micros(100), 100 << 20), 1u);
}

TEST_F(ProcessExecutorTest, CountsWorkersAndTheirMemory) {
  Start(2);
  Order("hang");
  ASSERT_TRUE(
      bench_.Until([this] { return bench_.executor().stats().workers == 2; }));
  ASSERT_TRUE(bench_.Until(
      [this] { return bench_.executor().stats().private_bytes > 0; }));
  const ExecutorStats stats = bench_.executor().stats();
  EXPECT_EQ(stats.busy, 1u);
  EXPECT_GT(stats.peak_private_bytes, 0u);
  EXPECT_LE(stats.peak_private_bytes, stats.private_bytes);
}

TEST_F(ProcessExecutorTest, SurvivesKillsAtRandomTimes) {
  Start(3);
  bench_.on_lost = [](const Lost& lost) {
    EXPECT_FALSE(lost.charged) << lost.message;
  };
  unsigned seed = 1;
  for (int i = 0; i < 300; ++i) {
    Order("work");
    seed = seed * 1664525 + 1013904223;
    const auto children = ExecutorBench::Children();
    if ((seed >> 28) == 0 && !children.empty())
      kill(children[seed % children.size()], SIGKILL);
  }
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size() + bench_.lost.size(), 300u);
  EXPECT_GT(bench_.executor().stats().workers_lost, 0u);
}

// ---- alone -------------------------------------------------------------

TEST_F(ProcessExecutorTest, ATaskThatRunsAloneGetsANewWorkerAndNoNeighbour) {
  Start(1);
  Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  const pid_t before = bench_.executor().Workers()[0].pid;
  ASSERT_TRUE(bench_.Until([this] { return bench_.executor().RoomAlone(); }));
  EXPECT_EQ(bench_.executor().Room(), 0u);
  EXPECT_NE(bench_.executor().Workers()[0].pid, before);
  const TaskId alone =
      bench_.Submit("exit 7", [](Task* task) { task->alone = true; });
  EXPECT_EQ(bench_.executor().Room(), 0u);
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[alone].alone);
  EXPECT_TRUE(bench_.lost[alone].running);
  EXPECT_FALSE(bench_.lost[alone].outside);
  Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  // The worker that was asked to exit does not count as lost.
  EXPECT_EQ(bench_.executor().stats().workers_lost, 1u);
}

TEST_F(ProcessExecutorTest, OtherWorkersGoOnWhileOneIsKeptFree) {
  Start(2);
  for (int i = 0; i < 4; ++i) Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  (void)bench_.executor().RoomAlone();
  for (int i = 0; i < 20; ++i) Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  ASSERT_TRUE(bench_.Until([this] { return bench_.executor().RoomAlone(); }));
  bench_.Submit("work", [](Task* task) { task->alone = true; });
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size(), 25u);
}

// ---- start -------------------------------------------------------------

TEST_F(ProcessExecutorTest, AProgramThatIsNotThereFailsAtOnce) {
  Start(1, "there_is_none");
  ASSERT_EQ(bench_.failed.size(), 1u);
  EXPECT_EQ(bench_.failed[0].code, ErrorCode::kNotFound);
  EXPECT_NE(bench_.failed[0].what.find("there_is_none"), std::string::npos);
}

TEST_F(ProcessExecutorTest, WorkersThatAllDieBeforeReadyFailTheRun) {
  Start(2, "exiting");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("exited with code 7"), std::string::npos)
      << bench_.failed[0].what;
}

TEST_F(ProcessExecutorTest, WorkersThatNeverGetReadyFailTheRun) {
  options_.ready_deadline = Millis(150);
  Start(2, "silent");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("150 ms"), std::string::npos);
}

TEST_F(ProcessExecutorTest, DeathsOfWorkersThatWereReadyAreNoFailedStarts) {
  Start();
  for (int i = 0; i < 5; ++i) {
    Order("segv");
    ASSERT_TRUE(bench_.UntilAnswered());
  }
  EXPECT_TRUE(bench_.failed.empty());
  EXPECT_EQ(bench_.executor().stats().workers_lost, 5u);
}

TEST_F(ProcessExecutorTest, AWorkerGetsItsTwoDescriptorsAndNothingElse) {
  ASSERT_EQ(setenv("TM_TEST_SECRET", "secret", 1), 0);
  Start(1, "inspecting");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("exited with code 0"), std::string::npos)
      << bench_.failed[0].what;
  unsetenv("TM_TEST_SECRET");
}

// ---- stop --------------------------------------------------------------

TEST_F(ProcessExecutorTest, DrainAnswersEverythingFirst) {
  Start(2);
  for (int i = 0; i < 10; ++i) Order("work");
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_EQ(bench_.finished.size(), 10u);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_F(ProcessExecutorTest, AbortIsQuietAndLeavesNoProcess) {
  Start(2);
  for (int i = 0; i < 6; ++i) Order("hang");
  bench_.executor().Stop(StopMode::kAbort);
  EXPECT_TRUE(ExecutorBench::Children().empty());
  for (int i = 0; i < 5; ++i) bench_.loop().RunOnce(Millis(10));
  EXPECT_EQ(bench_.answers, 0u);
}

TEST_F(ProcessExecutorTest, AWorkerThatIgnoresDrainIsKilled) {
  options_.drain_limit = Millis(100);
  Start(1, "deaf");
  Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_F(ProcessExecutorTest, DrainEndsThoughATaskHangs) {
  Start();
  const TaskId id = Order("hang", Millis(200));
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_TRUE(bench_.lost.contains(id));
}

TEST_F(ProcessExecutorTest, StoppingBeforeAnyWorkerIsReadyIsClean) {
  Start(2);
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_F(ProcessExecutorTest, AnExecutorThatWasNeverStartedStops) {
  ExecutorBench bench;
  options_.worker_program = FakeWorkerProgram("faulty");
  auto executor = MakeProcessExecutor(&bench.loop(), nullptr, options_);
  ASSERT_TRUE(executor.has_value());
  (*executor)->Stop(StopMode::kDrain);
}

}  // namespace
}  // namespace thumbmill
