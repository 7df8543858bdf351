// Links: tm_test_workers tm_exec tm_loop tm_common
//
// Tests the limits of a worker: time, CPU time, memory, time for an answer.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "coordinator/exec/overrun.h"
#include "tests/unit/process_executor_fixture.h"

namespace thumbmill {
namespace {

using WorkerLimitsTest = ProcessExecutorTest;

TEST_F(WorkerLimitsTest, ATaskThatSleepsPastItsLimitHangs) {
  const Lost lost = LoseOne("hang", Millis(150));
  EXPECT_TRUE(lost.charged);
  EXPECT_EQ(lost.reason, Reason::kHang);
  EXPECT_NE(lost.message.find("150 ms"), std::string::npos) << lost.message;
}

TEST_F(WorkerLimitsTest, TheLimitOfAWaitingTaskStartsWhenItIsWorkedOn) {
  Start();
  const TaskId first = Order("hang", Millis(300)),
               second = Order("work", Millis(1));
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_FALSE(bench_.lost[second].charged);
}

TEST_F(WorkerLimitsTest, AWorkerThatWasStoppedFromOutsideChargesNobody) {
  const Lost lost = LoseOne("stop", Millis(150));
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.reason, Reason::kHang);
}

TEST(Overrun, IsTooCostlyFromFourFifthsOfTheLimitOn) {
  EXPECT_EQ(ReasonOfOverrun(Micros(800'000), Millis(1000)), Reason::kTooCostly);
  EXPECT_EQ(ReasonOfOverrun(Micros(799'999), Millis(1000)), Reason::kHang);
}

// The test cannot know how much CPU time a busy machine gives, only that the
// time is measured and judged.
TEST_F(WorkerLimitsTest, ATaskThatComputesPastItsLimitIsJudgedByCpuTime) {
  Start(1, "burning");
  const TaskId id = Order("work", Millis(400));
  ASSERT_TRUE(bench_.UntilAnswered());
  const Lost lost = bench_.lost[id];
  EXPECT_TRUE(lost.charged);
  const std::size_t at = lost.message.find("computed for ");
  ASSERT_NE(at, std::string::npos) << lost.message;
  const int computed = std::atoi(lost.message.c_str() + at + 13);
  EXPECT_GT(computed, 10);
  EXPECT_EQ(lost.reason, ReasonOfOverrun(Millis(computed), Task().cpu_limit))
      << lost.message;
}

TEST_F(WorkerLimitsTest, ATaskMayComputeForItsBudgetOnly) {
  Start(1, "burning");
  const TaskId id =
      bench_.Submit("x", [](Task* task) { task->cpu_limit = Millis(300); });
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kTooCostly);
  EXPECT_NE(bench_.lost[id].message.find("limit is 300 ms"), std::string::npos)
      << bench_.lost[id].message;
}

// The coordinator does not look, as if a terminal had stopped it.
TEST_F(WorkerLimitsTest, TheKernelEndsATaskThatComputesWhileNobodyLooks) {
  Start(1, "burning");
  const TaskId id =
      bench_.Submit("x", [](Task* task) { task->cpu_limit = Millis(300); });
  const std::vector<int> workers = ExecutorBench::Children();
  ASSERT_EQ(workers.size(), 1u);
  siginfo_t info{};
  ASSERT_EQ(
      waitid(P_PID, static_cast<id_t>(workers[0]), &info, WEXITED | WNOWAIT),
      0);
  EXPECT_EQ(info.si_status, SIGXCPU);
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kTooCostly);
  EXPECT_EQ(bench_.lost[id].signal, SIGXCPU);
}

// ---- memory ------------------------------------------------------------

TEST_F(WorkerLimitsTest, MemoryBeyondThePredictionIsRefused) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer's own memory counts too: no limit is set";
#endif
  Start(1, "greedy");
  const TaskId id = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[id].outcome.reason, Reason::kMemory);
  const TaskId large = bench_.Submit(
      "x", [](Task* task) { task->peak_bytes = std::uint64_t{1} << 30; });
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[large].outcome.reason, Reason::kNone);
}

TEST_F(WorkerLimitsTest, AWorkerWhoseMemoryHasGrownIsReplacedBetweenImages) {
  Start(2, "hoarding");
  for (int i = 0; i < 100; ++i) Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size(), 100u);
  const ExecutorStats stats = bench_.executor().stats();
  EXPECT_GT(stats.workers_recycled, 0u);
  EXPECT_EQ(stats.workers_lost, 0u);
}

TEST_F(WorkerLimitsTest, AWorkerWhoseMemoryDoesNotGrowIsKept) {
  Start(2);
  for (int i = 0; i < 100; ++i) Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  Wait(Millis(200));
  EXPECT_EQ(bench_.executor().stats().workers_recycled, 0u);
}

// ---- heartbeats --------------------------------------------------------

TEST_F(WorkerLimitsTest, AnIdleWorkerThatDoesNotAnswerIsReplaced) {
  options_.heartbeat = Millis(30);
  Start(1, "frozen");
  EXPECT_TRUE(bench_.Until(
      [this] { return bench_.executor().stats().workers_lost > 0; }));
}

TEST_F(WorkerLimitsTest, IdleWorkersThatAnswerAreKept) {
  options_.heartbeat = Millis(100);
  Start();
  ASSERT_TRUE(bench_.Until([this] { return bench_.executor().Room() > 0; }));
  Wait(Millis(100 * 5 * 2));
  EXPECT_EQ(bench_.executor().stats().workers_lost, 0u);
}

}  // namespace
}  // namespace thumbmill
