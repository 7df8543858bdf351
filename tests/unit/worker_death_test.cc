// Links: tm_test_workers tm_exec tm_loop tm_common
//
// Tests which task a death is charged to, and why.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/unit/process_executor_fixture.h"

namespace thumbmill {
namespace {

class WorkerDeathTest : public ProcessExecutorTest {
 protected:
  // Submits until the executor notices that nothing arrives; returns the last
  // task.
  TaskId OrderUntilCutOff() {
    TaskId last = 0;
    for (int i = 0; i < 7 && bench_.executor().stats().workers > 0; ++i) {
      Wait(Millis(20));
      last = Order("work");
    }
    EXPECT_EQ(bench_.executor().stats().workers, 0u);
    return last;
  }
};

TEST_F(WorkerDeathTest, ACrashChargesTheTaskAndNamesTheSignal) {
  const Lost lost = LoseOne("segv");
  EXPECT_TRUE(lost.charged);
  EXPECT_EQ(lost.reason, Reason::kCrash);
  EXPECT_EQ(lost.signal, SIGSEGV);
  EXPECT_EQ(lost.phase, "decode");
  EXPECT_NE(lost.message.find("SIGSEGV"), std::string::npos) << lost.message;
  EXPECT_NE(lost.message.find("worker 0 (pid "), std::string::npos);
}

TEST_F(WorkerDeathTest, TheTaskThatWasWorkedOnIsChargedNotTheAnsweredOne) {
  for (int i = 0; i < 20; ++i) {
    ExecutorBench bench;
    ProcessOptions options;
    options.worker_program = FakeWorkerProgram("faulty");
    options.recipe = SmallRecipe();
    bench.StartProcesses(options);
    const TaskId first = bench.Submit("work"), second = bench.Submit("segv"),
                 third = bench.Submit("work");
    ASSERT_TRUE(bench.UntilAnswered());
    // The answer may be lost in the worker's I/O thread; the task is then not
    // charged.
    EXPECT_TRUE(bench.finished.contains(first) || !bench.lost[first].charged);
    EXPECT_TRUE(bench.lost[second].charged);
    EXPECT_FALSE(bench.lost[third].charged);
  }
}

// The worker dies only when it has received all three: a death between two
// sends would leave the third task to the next worker, which dies of it too.
TEST_F(WorkerDeathTest, TasksThatOnlyWaitedAreNotCharged) {
  Start();
  const TaskId first = Order("segv while two wait"), second = Order("work"),
               third = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_FALSE(bench_.lost[second].charged);
  EXPECT_FALSE(bench_.lost[third].charged);
}

TEST_F(WorkerDeathTest, AWorkerIsReplacedAndTheNextTaskDone) {
  Start();
  const TaskId first = Order("segv while two wait");
  const TaskId second = Order("work"), third = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  ASSERT_TRUE(bench_.lost.contains(first));
  for (const TaskId waiting : {second, third}) {
    ASSERT_TRUE(bench_.lost.contains(waiting));
    bench_.Resubmit(bench_.lost[waiting]);
  }
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.finished.contains(second));
  EXPECT_TRUE(bench_.finished.contains(third));
  EXPECT_EQ(bench_.executor().stats().workers_lost, 1u);
}

TEST_F(WorkerDeathTest, AStackOverflowIsACrashOfThatTaskAlone) {
  Start();
  const TaskId first = Order("overflow"), second = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_EQ(bench_.lost[first].signal, SIGSEGV);
  EXPECT_FALSE(bench_.lost[second].charged);
}

TEST_F(WorkerDeathTest, AViolationOfTheSandboxIsACrashBySigsys) {
  Start();
  const TaskId id = Order("escape");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kCrash);
  EXPECT_EQ(bench_.lost[id].signal, SIGSYS);
  EXPECT_TRUE(bench_.lost[id].message.ends_with("died of SIGSYS in decode"))
      << bench_.lost[id].message;
}

TEST_F(WorkerDeathTest, AllocationWithoutEndEndsThatTaskAlone) {
  Start();
  const TaskId id = Order("allocate"), waiting = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].signal, SIGABRT);
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

// ---- the flight record -------------------------------------------------

TEST_F(WorkerDeathTest, ADeathIsLaidToThePhaseThatWasNoted) {
  Start();
  for (const char* phase : {"header", "decode", "resize", "encode"}) {
    const TaskId id = Order(std::string("segv ") + phase);
    ASSERT_TRUE(bench_.UntilAnswered());
    EXPECT_EQ(bench_.lost[id].phase, phase);
    EXPECT_EQ(bench_.lost[id].signal, SIGSEGV);
    EXPECT_TRUE(bench_.lost[id].message.ends_with(phase))
        << bench_.lost[id].message;
  }
}

TEST_F(WorkerDeathTest, ARecordThatWasSmashedIsNotBelieved) {
  Start();
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
TEST_F(WorkerDeathTest, ARecordOfOneTaskWithTheBytesOfAnotherIsNotBelieved) {
  Start();
  const TaskId first = Order("blame next"), second = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[first].charged);
  EXPECT_FALSE(bench_.lost[second].charged);
}

// ---- from outside ------------------------------------------------------

TEST_F(WorkerDeathTest, KillingAWorkerFromOutsideChargesNobody) {
  const Lost lost = LoseOne("kill");
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.signal, SIGKILL);
}

TEST_F(WorkerDeathTest, AWorkerThatLeavesChargesNobody) {
  const Lost lost = LoseOne("exit 0");
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.signal, 0);
}

TEST_F(WorkerDeathTest, SigxcpuBeforeItsTimeIsUpChargesNobody) {
  Start();
  const TaskId id = Order("sigxcpu");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_FALSE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].signal, SIGXCPU);
}

TEST_F(WorkerDeathTest, AnOomKillIsChargedToTheTaskAtWork) {
  options_.oom_kills = [kills = 0]() mutable {
    return static_cast<std::uint64_t>(kills++);
  };
  Start();
  const TaskId id = Order("kill"), waiting = Order("work");
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].reason, Reason::kMemory);
  EXPECT_EQ(bench_.lost[id].signal, SIGKILL);
  EXPECT_NE(bench_.lost[id].message.find("no memory left"), std::string::npos)
      << bench_.lost[id].message;
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

TEST_F(WorkerDeathTest, AnOomKillElsewhereDoesNotExplainOurOwnLimit) {
  options_.oom_kills = [kills = 0]() mutable {
    return static_cast<std::uint64_t>(kills++);
  };
  const Lost lost = LoseOne("hang", Millis(150));
  EXPECT_EQ(lost.reason, Reason::kHang);
}

// ---- a lost connection -------------------------------------------------

// The executor first notices that it cannot send to the worker.
TEST_F(WorkerDeathTest, AWorkerThatHangsUpAndDiesIsJudgedByItsDeath) {
  Start();
  const TaskId id = Order("hang up and die");
  const TaskId waiting = OrderUntilCutOff();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_TRUE(bench_.lost[id].charged);
  EXPECT_EQ(bench_.lost[id].signal, SIGSEGV) << bench_.lost[id].message;
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

TEST_F(WorkerDeathTest, AWorkerThatHangsUpAndLivesIsEnded) {
  Start();
  const TaskId id = Order("hang up");
  const TaskId waiting = OrderUntilCutOff();
  ASSERT_TRUE(bench_.UntilAnswered());
  EXPECT_FALSE(bench_.lost[id].charged);
  EXPECT_NE(bench_.lost[id].message.find("sending to a worker"),
            std::string::npos)
      << bench_.lost[id].message;
  EXPECT_FALSE(bench_.lost[waiting].charged);
}

}  // namespace
}  // namespace thumbmill
