// Links: tm_test_workers tm_exec tm_loop tm_common
//
// Tests workers that break the protocol or lie in their answers.
#include "coordinator/exec/worker_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/unit/process_executor_fixture.h"

namespace thumbmill {
namespace {

using WorkerProtocolTest = ProcessExecutorTest;

TEST_F(WorkerProtocolTest, AnotherVersionFailsTheRunAndNamesBoth) {
  Start(1, "other_version");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_NE(bench_.failed[0].what.find("version 99"), std::string::npos)
      << bench_.failed[0].what;
}

TEST_F(WorkerProtocolTest, AReadyOfAnotherProcessIsNotBelieved) {
  Start(1, "other_pid");
  ASSERT_TRUE(bench_.Until([this] { return !bench_.failed.empty(); }));
  EXPECT_EQ(bench_.executor().Room(), 0u);
}

TEST_F(WorkerProtocolTest, LiesAboutLengthsChargeTheTask) {
  for (const char* lie : {"length", "offset", "no thumbnail"}) {
    bench_.DestroyExecutor();
    const Lost lost = LoseOne(std::string("lie about ") + lie);
    EXPECT_TRUE(lost.charged) << lie;
    EXPECT_TRUE(bench_.finished.empty()) << lie;
    EXPECT_EQ(bench_.executor().stats().malformed_messages, 1u) << lie;
  }
}

TEST_F(WorkerProtocolTest, GarbageEndsTheWorkerAndChargesNobody) {
  for (const char* deed : {"speak garbage", "give orders"}) {
    bench_.DestroyExecutor();
    const Lost lost = LoseOne(deed);
    EXPECT_FALSE(lost.charged) << deed;
    EXPECT_NE(lost.message.find("protocol"), std::string::npos) << lost.message;
    EXPECT_EQ(bench_.executor().stats().malformed_messages, 1u) << deed;
  }
}

TEST_F(WorkerProtocolTest, AnOversizedMessageIsNeverDelivered) {
  const Lost lost = LoseOne("speak too much", Millis(300));
  EXPECT_EQ(lost.reason, Reason::kHang);
}

TEST_F(WorkerProtocolTest, ASecondAnswerEndsTheWorkerAndIsNotTaken) {
  Start();
  const TaskId id = Order("answer twice");
  ASSERT_TRUE(bench_.Until(
      [this] { return bench_.executor().stats().workers_lost > 0; }));
  EXPECT_TRUE(bench_.finished.contains(id));
  EXPECT_EQ(bench_.answers, 1u);
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
    return std::string(ToString(lost.reason)) +
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
  Start(3);
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
    Each, DeedTest,
    testing::Values(
        Deed{"lie about size", "crash, charged"},
        Deed{"lie about same size", "crash, charged"},
        Deed{"lie about no pixels", "crash, charged"},
        Deed{"lie about no bytes", "crash, charged"},
        Deed{"lie about record", "crash, charged"},
        Deed{"lie about length", "crash, charged"},
        Deed{"lie about offset", "crash, charged"},
        Deed{"lie about no thumbnail", "crash, charged"},
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
        Deed{"speak garbage", "crash, not charged"},
        Deed{"speak too much", "hang, charged", "crash, not charged"},
        Deed{"give orders", "crash, not charged"},
        Deed{"answer twice", "finished"}, Deed{"segv", "crash, charged"},
        Deed{"kill", "crash, not charged"}, Deed{"hang", "hang, charged"},
        Deed{"stop", "hang, not charged"}, Deed{"overflow", "crash, charged"},
        Deed{"grow", "finished"}, Deed{"write wildly", "finished"}),
    [](const auto& each) {
      std::string name = each.param.deed;
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

}  // namespace
}  // namespace thumbmill
