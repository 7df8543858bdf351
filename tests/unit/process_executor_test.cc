// Links: tm_test_workers tm_exec tm_loop tm_common
//
// Tests the executor against misbehaving workers. Deadlines are short but real,
// because the tests check real processes.
#include "coordinator/exec/process_executor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "coordinator/exec/overrun.h"
#include "tests/workers/executor_fixture.h"
#include "tests/workers/test_workers.h"

namespace thumbmill {
namespace {

class ProcessExecutorTest : public testing::Test {
 protected:
  void Start(const std::string& fake, std::size_t workers = 1) {
    options_.workers = workers;
    options_.worker_program = FakeWorkerProgram(fake);
    options_.recipe = SmallRecipe();
    bench_.StartProcesses(options_);
  }
  TaskId Submit(Millis limit = Millis(20000)) {
    return bench_.Submit("some bytes",
                         [limit](Task* task) { task->time_limit = limit; });
  }
  // Submits one task and expects its loss.
  Lost LoseOne(const std::string& fake, Millis limit = Millis(20000)) {
    Start(fake);
    const TaskId id = Submit(limit);
    EXPECT_TRUE(bench_.UntilAnswered());
    EXPECT_TRUE(bench_.lost.contains(id));
    return bench_.lost[id];
  }
  void TearDown() override {
    EXPECT_EQ(bench_.duplicates, 0u);
    bench_.DestroyExecutor();
    EXPECT_TRUE(ExecutorBench::Children().empty());
  }

  ProcessOptions options_;
  ExecutorBench bench_;
};

TEST_F(ProcessExecutorTest, AnswersEveryTaskOnce) {
  Start("honest", 2);
  for (int i = 0; i < 500; ++i) Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size(), 500u);
  EXPECT_EQ(bench_.finished[7].outputs.at(0).size(), 8u);
  EXPECT_EQ(bench_.finished[7].outputs[0][0], 10);  // the input's length
}

TEST_F(ProcessExecutorTest, HasNoRoomBeforeAWorkerIsReady) {
  Start("honest");
  EXPECT_EQ(bench_.executor().Room(), 0u);
}

TEST_F(ProcessExecutorTest, QueuesMoreShortTasksThanLongOrLargeOnes) {
  Start("hanging");
  const auto fill = [this](Micros expected, std::uint64_t peak) {
    std::size_t sent = 0;
    do {
      bench_.Submit("x", [=](Task* task) {
        task->expected = expected;
        task->peak_bytes = peak;
      });
      ++sent;
    } while (bench_.executor().Room() > 0);
    return sent;
  };
  EXPECT_EQ(fill(Micros(100), 9 << 20), 8u);
  bench_.DestroyExecutor();
  Start("hanging");
  EXPECT_EQ(fill(Micros(100'000), 9 << 20), 2u);
  bench_.DestroyExecutor();
  Start("hanging");
  EXPECT_EQ(fill(Micros(100), 100 << 20), 1u);
}

TEST_F(ProcessExecutorTest, ACrashChargesTheTaskAndNamesTheSignal) {
  const Lost lost = LoseOne("segv");
  EXPECT_TRUE(lost.charged);
  EXPECT_EQ(lost.reason, Reason::kCrash);
  EXPECT_EQ(lost.signal, SIGSEGV);
  EXPECT_EQ(lost.phase, "decode");
  EXPECT_NE(lost.message.find("SIGSEGV"), std::string::npos) << lost.message;
  EXPECT_NE(lost.message.find("worker 0 (pid "), std::string::npos);
}

TEST_F(ProcessExecutorTest, TheTaskThatWasWorkedOnIsChargedNotTheAnsweredOne) {
  for (int i = 0; i < 20; ++i) {
    ExecutorBench bench;
    ProcessOptions options;
    options.worker_program = FakeWorkerProgram("second_segv");
    options.recipe = SmallRecipe();
    bench.StartProcesses(options);
    const TaskId first = bench.Submit("1"), second = bench.Submit("2"),
                 third = bench.Submit("3");
    ASSERT_TRUE(bench.UntilAnswered());
    // The answer may be lost in the worker's I/O thread; the task is then not
    // charged.
    EXPECT_TRUE(bench.finished.contains(first) || !bench.lost[first].charged);
    EXPECT_TRUE(bench.lost[second].charged);
    EXPECT_FALSE(bench.lost[third].charged);
  }
}

// ---- the flight record -------------------------------------------------

class FaultyWorkerTest : public ProcessExecutorTest {
 protected:
  // Submits a task whose bytes tell the worker its deed.
  TaskId Order(const std::string& deed) { return bench_.Submit(deed); }
  // Submits until the executor notices that nothing arrives; returns the last
  // task.
  TaskId OrderUntilCutOff() {
    TaskId last = 0;
    for (int i = 0; i < 7 && bench_.executor().stats().workers > 0; ++i) {
      const TimePoint until = std::chrono::steady_clock::now() + Millis(20);
      bench_.Until([=] { return std::chrono::steady_clock::now() >= until; });
      last = Order("work");
    }
    EXPECT_EQ(bench_.executor().stats().workers, 0u);
    return last;
  }
};

// The worker dies only when it has received all three: a death between two
// sends would leave the third task to the next worker, which dies of it too.
TEST_F(FaultyWorkerTest, TasksThatOnlyWaitedAreNotCharged) {
  Start("faulty");
  const TaskId first = Order("segv while two wait"), second = Submit(),
               third = Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_FALSE(bench_.lost[second].charged);
  EXPECT_FALSE(bench_.lost[third].charged);
}

TEST_F(FaultyWorkerTest, ADeathIsLaidToThePhaseThatWasNoted) {
  Start("faulty");
  for (const char* phase : {"header", "decode", "resize", "encode"}) {
    const TaskId id = Order(std::string("segv ") + phase);
    ASSERT_TRUE(bench_.UntilAnswered());
    EXPECT_EQ(bench_.lost[id].phase, phase);
    EXPECT_EQ(bench_.lost[id].signal, SIGSEGV);
    EXPECT_TRUE(bench_.lost[id].message.ends_with(phase))
        << bench_.lost[id].message;
  }
}

// The executor first notices that it cannot send to the worker.
TEST_F(FaultyWorkerTest, AWorkerThatHangsUpAndDiesIsJudgedByItsDeath) {
  Start("faulty");
  const TaskId id = Order("hang up and die");
  const TaskId waiting = OrderUntilCutOff();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].signal, SIGSEGV) << bench_.lost[id].message;
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

TEST_F(FaultyWorkerTest, AWorkerThatHangsUpAndLivesIsEnded) {
  Start("faulty");
  const TaskId id = Order("hang up");
  const TaskId waiting = OrderUntilCutOff();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_FALSE(bench_.lost[id].charged);
  EXPECT_NE(bench_.lost[id].message.find("sending to a worker"),
            std::string::npos)
      << bench_.lost[id].message;
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

TEST_F(FaultyWorkerTest, SigxcpuBeforeItsTimeIsUpChargesNobody) {
  Start("faulty");
  const TaskId id = Order("sigxcpu");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_FALSE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].signal, SIGXCPU);
}

TEST_F(FaultyWorkerTest, ARecordThatWasSmashedIsNotBelieved) {
  Start("faulty");
  const TaskId first = Order("smash"), second = Order("work"),
               third = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_EQ(bench_.lost[first].phase, "");
  EXPECT_FALSE(bench_.lost[second].charged);
  EXPECT_FALSE(bench_.lost[third].charged);
}

// The record would blame another image, but the executor had not sent the
// worker that task yet.
TEST_F(FaultyWorkerTest, ARecordOfOneTaskWithTheBytesOfAnotherIsNotBelieved) {
  Start("faulty");
  const TaskId first = Order("blame next"), second = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_FALSE(bench_.lost[second].charged);
}

TEST_F(FaultyWorkerTest, AStackOverflowIsACrashOfThatTaskAlone) {
  Start("faulty");
  const TaskId first = Order("overflow"), second = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_EQ(bench_.lost[first].signal, SIGSEGV);
  EXPECT_FALSE(bench_.lost[second].charged);
}

// ---- alone -------------------------------------------------------------

TEST_F(FaultyWorkerTest, ATaskThatRunsAloneGetsANewWorkerAndNoNeighbour) {
  Start("faulty", 1);
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

TEST_F(FaultyWorkerTest, OtherWorkersGoOnWhileOneIsKeptFree) {
  Start("faulty", 2);
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

// ---- one task's deed among the work of others ---------------------------

struct Deed {
  const char* deed;
  const char* fate;  // "finished", or the reason, and whether it is charged
  const char* or_fate = fate;
};

void PrintTo(const Deed& deed, std::ostream* out) { *out << deed.deed; }

class DeedTest : public ProcessExecutorTest,
                 public testing::WithParamInterface<Deed> {
 protected:
  // Submits a task of a new length, which its answer repeats.
  TaskId Work() {
    const std::size_t length = 4 + works_.size();
    const TaskId id =
        bench_.Submit("work" + std::string(length - 4, '.'),
                      [](Task* task) { task->time_limit = Millis(5000); });
    works_[id] = length;
    return id;
  }
  std::string FateOf(TaskId id) {
    if (bench_.finished.contains(id)) return "finished";
    const Lost& lost = bench_.lost[id];
    return std::string(ToWord(lost.reason)) +
           (lost.charged ? ", charged" : ", not charged");
  }
  // Submits tasks again that were near a death, as the dispatcher would.
  void FinishWork() {
    for (int round = 0; round < 20; ++round) {
      ASSERT_TRUE(bench_.UntilAnswered());
      std::vector<Lost> again;
      for (const auto& [id, lost] : bench_.lost)
        if (works_.contains(id)) again.push_back(lost);
      if (again.empty()) return;
      for (const Lost& lost : again) {
        EXPECT_FALSE(lost.charged) << lost.message;
        bench_.Resubmit(lost);
      }
    }
    FAIL() << "work is lost again and again";
  }
  std::map<TaskId, std::size_t> works_;
};

TEST_P(DeedTest, HarmsOnlyItsOwnTask) {
  Start("faulty", 3);
  for (int i = 0; i < 10; ++i) Work();
  const TaskId deed = bench_.Submit(
      GetParam().deed, [](Task* task) { task->time_limit = Millis(700); });
  for (int i = 0; i < 20; ++i) Work();
  FinishWork();
  const std::string fate = FateOf(deed);
  EXPECT_TRUE(fate == GetParam().fate || fate == GetParam().or_fate)
      << fate << ": " << bench_.lost[deed].message;
  for (const auto& [id, length] : works_) {
    ASSERT_TRUE(bench_.finished.contains(id));
    const auto& output = bench_.finished[id].outputs.at(0);
    ASSERT_EQ(output.size(), 8u);
    EXPECT_EQ(output[0], length);  // see FakeWorker::Work()
    EXPECT_EQ(output[4], 0);
  }
  EXPECT_TRUE(bench_.failed.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Of, DeedTest,
    testing::Values(Deed{"lie about size", "crash, charged"},
                    Deed{"lie about same size", "crash, charged"},
                    Deed{"lie about no pixels", "crash, charged"},
                    Deed{"lie about no bytes", "crash, charged"},
                    Deed{"lie about record", "crash, charged"},
                    Deed{"lie about too many", "crash, not charged"},
                    Deed{"lie about task", "crash, not charged"},
                    Deed{"lie about no task", "crash, not charged"},
                    Deed{"greet again", "crash, not charged"},
                    // A crash if another task was sent but did not arrive.
                    Deed{"below", "hang, charged", "crash, not charged"},
                    Deed{"exit 0", "crash, not charged"},
                    // Exit code 4 means "cannot be set up", but not after the
                    // worker saw an image.
                    Deed{"exit 4", "crash, not charged"},
                    Deed{"speak version 2", "crash, not charged"},
                    Deed{"answer nobody", "crash, not charged"},
                    Deed{"overflow", "crash, charged"},
                    Deed{"grow", "finished"}, Deed{"write wildly", "finished"}),
    [](const auto& each) {
      std::string name = each.param.deed;
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

TEST_F(FaultyWorkerTest, AViolationOfTheSandboxIsACrashBySigsys) {
  Start("faulty");
  const TaskId id = Order("escape");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kCrash);
  EXPECT_EQ(bench_.lost[id].signal, SIGSYS);
  EXPECT_TRUE(bench_.lost[id].message.ends_with("died of SIGSYS in decode"))
      << bench_.lost[id].message;
}

TEST_F(FaultyWorkerTest, AllocationWithoutEndEndsThatTaskAlone) {
  Start("faulty");
  const TaskId id = Order("allocate"), waiting = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].signal, SIGABRT);
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

// ---- memory ------------------------------------------------------------

TEST_F(ProcessExecutorTest, AnOomKillIsChargedToTheTaskAtWork) {
  options_.oom_kills = [kills = 0]() mutable {
    return static_cast<std::uint64_t>(kills++);
  };
  Start("killed");
  const TaskId id = Submit(), waiting = Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kMemory);
  EXPECT_EQ(bench_.lost[id].signal, SIGKILL);
  EXPECT_NE(bench_.lost[id].message.find("no memory left"), std::string::npos)
      << bench_.lost[id].message;
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

TEST_F(ProcessExecutorTest, AnOomKillElsewhereDoesNotExplainOurOwnLimit) {
  options_.oom_kills = [kills = 0]() mutable {
    return static_cast<std::uint64_t>(kills++);
  };
  const Lost lost = LoseOne("hanging", Millis(150));
  EXPECT_EQ(lost.reason, Reason::kHang);
}

TEST_F(ProcessExecutorTest, AWorkerWhoseMemoryHasGrownIsReplacedBetweenImages) {
  Start("hoarding", 2);
  for (int i = 0; i < 100; ++i) Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size(), 100u);
  const ExecutorStats stats = bench_.executor().stats();
  EXPECT_GT(stats.workers_recycled, 0u);
  EXPECT_EQ(stats.workers_lost, 0u);
}

TEST_F(ProcessExecutorTest, AWorkerWhoseMemoryDoesNotGrowIsKept) {
  Start("honest", 2);
  for (int i = 0; i < 100; ++i) Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  const TimePoint until = std::chrono::steady_clock::now() + Millis(200);
  while (std::chrono::steady_clock::now() < until)
    bench_.loop().RunOnce(Millis(10));
  EXPECT_EQ(bench_.executor().stats().workers_recycled, 0u);
}

TEST_F(ProcessExecutorTest, KillingAWorkerFromOutsideChargesNobody) {
  const Lost lost = LoseOne("killed");
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.signal, SIGKILL);
}

TEST_F(ProcessExecutorTest, AWorkerThatLeavesChargesNobody) {
  const Lost lost = LoseOne("leaving");
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.signal, 0);
}

TEST_F(ProcessExecutorTest, ATaskThatSleepsPastItsLimitHangs) {
  const Lost lost = LoseOne("hanging", Millis(150));
  EXPECT_TRUE(lost.charged);
  EXPECT_EQ(lost.reason, Reason::kHang);
  EXPECT_NE(lost.message.find("150 ms"), std::string::npos) << lost.message;
}

TEST(Overrun, IsTooCostlyFromFourFifthsOfTheLimitOn) {
  EXPECT_EQ(ReasonOfOverrun(Micros(800'000), Millis(1000)), Reason::kTooCostly);
  EXPECT_EQ(ReasonOfOverrun(Micros(799'999), Millis(1000)), Reason::kHang);
}

// The test cannot know how much CPU time a busy machine gives, only that the
// time is measured and judged.
TEST_F(ProcessExecutorTest, ATaskThatComputesPastItsLimitIsJudgedByCpuTime) {
  const Lost lost = LoseOne("burning", Millis(400));
  EXPECT_TRUE(lost.charged);
  const std::size_t at = lost.message.find("computed ");
  ASSERT_NE(at, std::string::npos) << lost.message;
  const int computed = std::atoi(lost.message.c_str() + at + 9);
  EXPECT_GT(computed, 10);
  EXPECT_EQ(lost.reason, ReasonOfOverrun(Millis(computed), Task().cpu_limit))
      << lost.message;
}

TEST_F(ProcessExecutorTest, ATaskMayComputeForItsBudgetOnly) {
  Start("burning");
  const TaskId id =
      bench_.Submit("x", [](Task* task) { task->cpu_limit = Millis(300); });
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kTooCostly);
  EXPECT_NE(bench_.lost[id].message.find("may 300 ms"), std::string::npos)
      << bench_.lost[id].message;
}

// The coordinator does not look, as if a terminal had stopped it.
TEST_F(ProcessExecutorTest, TheKernelEndsATaskThatComputesWhileNobodyLooks) {
  Start("burning");
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

TEST_F(ProcessExecutorTest, AWorkerThatWasStoppedFromOutsideChargesNobody) {
  const Lost lost = LoseOne("stopped", Millis(150));
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.reason, Reason::kHang);
}

TEST_F(ProcessExecutorTest, TheLimitOfAWaitingTaskStartsWhenItIsWorkedOn) {
  Start("hanging");
  const TaskId first = Submit(Millis(300)), second = Submit(Millis(1));
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_FALSE(bench_.lost[second].charged);
}

TEST_F(ProcessExecutorTest, LiesAboutLengthsChargeTheTask) {
  for (const char* liar : {"overlong", "wrapping", "lazy"}) {
    bench_.DestroyExecutor();
    Start(liar);
    const TaskId id = Submit();
    ASSERT_TRUE(bench_.UntilAnswered()) << liar;
    EXPECT_TRUE(bench_.lost[id].charged) << liar;
    EXPECT_TRUE(bench_.finished.empty());
  }
}

TEST_F(ProcessExecutorTest, GarbageEndsTheWorkerAndChargesNobody) {
  for (const char* liar : {"garbage", "impostor"}) {
    bench_.DestroyExecutor();
    Start(liar);
    const TaskId id = Submit();
    ASSERT_TRUE(bench_.UntilAnswered()) << liar;
    EXPECT_FALSE(bench_.lost[id].charged) << liar;
  }
}

TEST_F(ProcessExecutorTest, AnOversizedMessageIsNeverDelivered) {
  const Lost lost = LoseOne("oversized", Millis(300));
  EXPECT_EQ(lost.reason, Reason::kHang);
}

TEST_F(ProcessExecutorTest, ASecondAnswerEndsTheWorkerAndIsNotTaken) {
  Start("twice");
  const TaskId id = Submit();
  ASSERT_TRUE(bench_.Until(
      [this] { return bench_.executor().stats().workers_lost > 0; }));
  EXPECT_TRUE(bench_.finished.contains(id));
  EXPECT_EQ(bench_.answers, 1u);
}

TEST_F(ProcessExecutorTest, MemoryBeyondThePredictionIsRefused) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer's own memory counts too: no limit is set";
#endif
  Start("greedy");
  const TaskId id = Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[id].outcome.reason, Reason::kMemory);
  const TaskId large = bench_.Submit(
      "x", [](Task* task) { task->peak_bytes = std::uint64_t{1} << 30; });
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished[large].outcome.reason, Reason::kNone);
}

TEST_F(ProcessExecutorTest, AWorkerIsReplacedAndTheNextTaskDone) {
  Start("second_segv");
  Submit();
  const TaskId second = Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  ASSERT_TRUE(bench_.lost.contains(second));
  bench_.Resubmit(bench_.lost[second]);
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.finished.contains(second));
  EXPECT_EQ(bench_.executor().stats().workers_lost, 1u);
}

TEST_F(ProcessExecutorTest, AnIdleWorkerThatDoesNotAnswerIsReplaced) {
  options_.heartbeat = Millis(30);
  Start("frozen");
  EXPECT_TRUE(bench_.Until(
      [this] { return bench_.executor().stats().workers_lost > 0; }));
}

TEST_F(ProcessExecutorTest, IdleWorkersThatAnswerAreKept) {
  options_.heartbeat = Millis(100);
  Start("honest");
  ASSERT_TRUE(bench_.Until([this] { return bench_.executor().Room() > 0; }));
  const TimePoint until =
      std::chrono::steady_clock::now() + Millis(100 * 5 * 2);
  while (std::chrono::steady_clock::now() < until)
    bench_.loop().RunOnce(Millis(10));
  EXPECT_EQ(bench_.executor().stats().workers_lost, 0u);
}

// ---- start -------------------------------------------------------------

TEST_F(ProcessExecutorTest, AProgramThatIsNotThereFailsAtOnce) {
  Start("there_is_none");
  ASSERT_EQ(bench_.failed.size(), 1u);
  EXPECT_EQ(bench_.failed[0].code, ErrorCode::kNotFound);
  EXPECT_NE(bench_.failed[0].what.find("there_is_none"), std::string::npos);
}

TEST_F(ProcessExecutorTest, WorkersThatAllDieBeforeReadyFailTheRun) {
  Start("exiting", 2);
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("exited with code 7"), std::string::npos)
      << bench_.failed[0].what;
}

TEST_F(ProcessExecutorTest, WorkersThatNeverGetReadyFailTheRun) {
  options_.ready_deadline = Millis(150);
  Start("silent", 2);
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("150 ms"), std::string::npos);
}

TEST_F(ProcessExecutorTest, AnotherVersionFailsTheRunAndNamesBoth) {
  Start("other_version");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("version 99"), std::string::npos)
      << bench_.failed[0].what;
}

TEST_F(ProcessExecutorTest, AReadyOfAnotherProcessIsNotBelieved) {
  Start("other_pid");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_EQ(bench_.executor().Room(), 0u);
}

TEST_F(ProcessExecutorTest, DeathsOfWorkersThatWereReadyAreNoFailedStarts) {
  Start("segv");
  for (int i = 0; i < 5; ++i) {
    Submit();
    ASSERT_TRUE(bench_.UntilAnswered());
  }
  EXPECT_TRUE(bench_.failed.empty());
  EXPECT_EQ(bench_.executor().stats().workers_lost, 5u);
}

// ---- stop --------------------------------------------------------------

TEST_F(ProcessExecutorTest, DrainAnswersEverythingFirst) {
  Start("honest", 2);
  for (int i = 0; i < 10; ++i) Submit();
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_EQ(bench_.finished.size(), 10u);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_F(ProcessExecutorTest, AbortIsQuietAndLeavesNoProcess) {
  Start("hanging", 2);
  for (int i = 0; i < 6; ++i) Submit();
  bench_.executor().Stop(StopMode::kAbort);
  EXPECT_TRUE(ExecutorBench::Children().empty());
  for (int i = 0; i < 5; ++i) bench_.loop().RunOnce(Millis(10));
  EXPECT_EQ(bench_.answers, 0u);
}

TEST_F(ProcessExecutorTest, AWorkerThatIgnoresDrainIsKilled) {
  options_.drain_limit = Millis(100);
  Start("deaf");
  Submit();
  ASSERT_TRUE(bench_.UntilAnswered());
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_F(ProcessExecutorTest, DrainEndsThoughATaskHangs) {
  Start("hanging");
  const TaskId id = Submit(Millis(200));
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_TRUE(bench_.lost.contains(id));
}

TEST_F(ProcessExecutorTest, StoppingBeforeAnyWorkerIsReadyIsClean) {
  Start("honest", 2);
  bench_.executor().Stop(StopMode::kDrain);
  EXPECT_TRUE(ExecutorBench::Children().empty());
}

TEST_F(ProcessExecutorTest, AnExecutorThatWasNeverStartedStops) {
  ExecutorBench bench;
  options_.worker_program = FakeWorkerProgram("honest");
  auto executor = MakeProcessExecutor(&bench.loop(), nullptr, options_);
  ASSERT_TRUE(executor.has_value());
  (*executor)->Stop(StopMode::kDrain);
}

// ---- the environment of a worker ----------------------------------------

TEST_F(ProcessExecutorTest, AWorkerGetsItsTwoDescriptorsAndNothingElse) {
  ASSERT_EQ(setenv("TM_TEST_SECRET", "secret", 1), 0);
  Start("inspecting");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("exited with code 0"), std::string::npos)
      << bench_.failed[0].what;
  unsetenv("TM_TEST_SECRET");
}

TEST_F(ProcessExecutorTest, SurvivesKillsAtRandomTimes) {
  Start("honest", 3);
  bench_.on_lost = [](const Lost& lost) {
    EXPECT_FALSE(lost.charged) << lost.message;
  };
  unsigned seed = 1;
  for (int i = 0; i < 300; ++i) {
    Submit();
    seed = seed * 1664525 + 1013904223;
    const auto children = ExecutorBench::Children();
    if ((seed >> 28) == 0 && !children.empty())
      kill(children[seed % children.size()], SIGKILL);
  }
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_EQ(bench_.finished.size() + bench_.lost.size(), 300u);
  EXPECT_GT(bench_.executor().stats().workers_lost, 0u);
}

TEST_F(ProcessExecutorTest, CountsWorkersAndTheirMemory) {
  Start("hanging", 2);
  Submit();
  ASSERT_TRUE(
      bench_.Until([this] { return bench_.executor().stats().workers == 2; }));
  ASSERT_TRUE(bench_.Until(
      [this] { return bench_.executor().stats().private_bytes > 0; }));
  const ExecutorStats stats = bench_.executor().stats();
  EXPECT_EQ(stats.busy, 1u);
  EXPECT_GT(stats.peak_private_bytes, 0u);
  EXPECT_LE(stats.peak_private_bytes, stats.private_bytes);
}

}  // namespace
}  // namespace thumbmill
