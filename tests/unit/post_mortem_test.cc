// Links: tm_exec tm_pool
#include "coordinator/exec/post_mortem.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace thumbmill {
namespace {

WorkerDeath DiedOf(int signal) {
  WorkerDeath death;
  death.worker = 2;
  death.pid = 4711;
  death.end.signal = signal;
  return death;
}

std::string MessageOf(const Cause& cause) {
  return ReportLoss(1, true, Phase::kDecode, cause).message;
}

TEST(PostMortem, NamesWorkerSignalAndPhase) {
  const Cause cause = FindCause(DiedOf(SIGSEGV), nullptr, {});
  EXPECT_TRUE(cause.charged);
  EXPECT_EQ(MessageOf(cause), "worker 2 (pid 4711) died of SIGSEGV in decode");
  EXPECT_EQ(ReportLoss(1, true, Phase::kNone, cause).message,
            "worker 2 (pid 4711) died of SIGSEGV");
}

TEST(PostMortem, SaysWhyTheCoordinatorKilledAWorker) {
  const KillReason kill{Reason::kHang, true, "it did not answer within 150 ms"};
  const Cause cause = FindCause(DiedOf(SIGKILL), &kill, {});
  EXPECT_EQ(cause.reason, Reason::kHang);
  EXPECT_EQ(cause.signal, 0);
  EXPECT_EQ(MessageOf(cause),
            "the coordinator killed worker 2 (pid 4711) in decode: it did not "
            "answer within 150 ms");
}

TEST(PostMortem, ChargesNoImageThatOnlyWaited) {
  const Cause cause = FindCause(DiedOf(SIGABRT), nullptr, {});
  const Lost lost = ReportLoss(1, false, Phase::kDecode, cause);
  EXPECT_FALSE(lost.charged);
  EXPECT_EQ(lost.phase, "");
  EXPECT_EQ(lost.message,
            "worker 2 (pid 4711) died of SIGABRT; this image only waited in "
            "its queue");
}

TEST(PostMortem, ChargesAnOomKillButNoKillFromOutside) {
  Evidence evidence;
  const Cause outside = FindCause(DiedOf(SIGKILL), nullptr, evidence);
  EXPECT_FALSE(outside.charged);
  EXPECT_TRUE(outside.outside);
  evidence.out_of_memory = true;
  const Cause memory = FindCause(DiedOf(SIGKILL), nullptr, evidence);
  EXPECT_TRUE(memory.charged);
  EXPECT_EQ(memory.reason, Reason::kMemory);
  EXPECT_EQ(MessageOf(memory),
            "worker 2 (pid 4711) died of SIGKILL in decode: the kernel had no "
            "memory left");
}

TEST(PostMortem, ChargesSigxcpuOnlyWhenTheCpuTimeIsUsedUp) {
  Evidence evidence;
  EXPECT_FALSE(FindCause(DiedOf(SIGXCPU), nullptr, evidence).charged);
  evidence.cpu_used_up = true;
  const Cause cause = FindCause(DiedOf(SIGXCPU), nullptr, evidence);
  EXPECT_TRUE(cause.charged);
  EXPECT_EQ(cause.reason, Reason::kTooCostly);
  EXPECT_EQ(MessageOf(cause),
            "worker 2 (pid 4711) died of SIGXCPU in decode: it used up its CPU "
            "time");
}

}  // namespace
}  // namespace thumbmill
