// Links: tm_pool tm_loop tm_common
//
// Tests real processes, made of the shell's own tools: each must be started,
// seen to end, and reaped.
#include "coordinator/pool/worker_pool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <functional>
#include <optional>

namespace thumbmill {
namespace {

class WorkerPoolTest : public testing::Test {
 protected:
  void SetUp() override { loop_ = std::move(*EventLoop::Create()); }

  Status Start(const std::string& script) {
    script_ = script;
    WorkerPool::Events events;
    events.prepare = [this](std::size_t) -> Result<SpawnRequest> {
      ++started_;
      SpawnRequest request;
      request.program = program_;
      request.arguments = {"-c", script_};
      return request;
    };
    events.died = [this](const WorkerDeath& death) {
      deaths_.push_back(death);
    };
    events.failed = [this](Error error) { failures_.push_back(error.what); };
    pool_.emplace(loop_.get(), options_, events);
    return pool_->Start();
  }
  bool Until(const std::function<bool()>& done) {
    const TimePoint limit =
        std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < limit)
      loop_->RunOnce(Millis(10));
    return done();
  }
  void TearDown() override {
    pool_.reset();
    // No child may be left, not even a zombie.
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }

  PoolOptions options_{1, Millis(3000), Millis(5), Millis(40), 3};
  std::string program_ = "/bin/sh", script_;
  std::unique_ptr<EventLoop> loop_;
  std::vector<WorkerDeath> deaths_;
  std::vector<std::string> failures_;
  int started_ = 0;
  std::optional<WorkerPool> pool_;
};

TEST_F(WorkerPoolTest, AProgramThatCannotBeStartedIsAnError) {
  program_ = "/nonexistent/worker";
  const Status status = Start("");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
}

TEST_F(WorkerPoolTest, ARetiredOneIsReplacedWithoutABackOff) {
  options_.first_backoff = Millis(3000);
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->MarkReady(0);
  pool_->Retire(0, Millis(9000));
  const TimePoint asked = std::chrono::steady_clock::now();
  kill(pool_->pid(0), SIGTERM);  // the worker exits as asked
  ASSERT_TRUE(Until([&] { return started_ == 2; }));
  EXPECT_LT(std::chrono::steady_clock::now() - asked, Millis(2500));
}

TEST_F(WorkerPoolTest, ARetiredOneThatStaysIsKilled) {
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->MarkReady(0);
  pool_->Retire(0, Millis(50));
  ASSERT_TRUE(Until([&] { return started_ == 2; }));
  ASSERT_EQ(deaths_.size(), 1u);
  EXPECT_TRUE(deaths_[0].by_us);
}

TEST_F(WorkerPoolTest, ADeathTellsTheSignalAndIsFollowedByANewProcess) {
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->MarkReady(0);
  const pid_t first = pool_->pid(0);
  kill(first, SIGBUS);
  ASSERT_TRUE(Until([&] { return started_ == 2; }));
  ASSERT_EQ(deaths_.size(), 1u);
  EXPECT_EQ(deaths_[0].pid, first);
  EXPECT_EQ(deaths_[0].end.signal, SIGBUS);
  EXPECT_TRUE(deaths_[0].was_ready);
  EXPECT_FALSE(deaths_[0].by_us);
  EXPECT_EQ(Describe(deaths_[0]),
            "worker 0 (pid " + std::to_string(first) + ") died of SIGBUS");
}

TEST_F(WorkerPoolTest, KillIsReportedAsOurs) {
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->Kill(0);
  ASSERT_TRUE(Until([&] { return !deaths_.empty(); }));
  EXPECT_TRUE(deaths_[0].by_us);
  EXPECT_EQ(deaths_[0].end.signal, SIGKILL);
}

TEST_F(WorkerPoolTest, ThreeDeathsBeforeReadyFailThePoolOnce) {
  ASSERT_TRUE(Start("exit 7"));
  ASSERT_TRUE(Until([&] { return !failures_.empty(); }));
  EXPECT_EQ(deaths_.size(), 3u);
  EXPECT_NE(failures_[0].find("exited with code 7"), std::string::npos);
  for (int i = 0; i < 10; ++i) loop_->RunOnce(Millis(10));
  EXPECT_EQ(started_, 3);
  EXPECT_EQ(failures_.size(), 1u);
}

TEST_F(WorkerPoolTest, KillsFromOutsideBeforeReadyAreNoFailedStartsForLong) {
  options_.killed_starts = 8;
  ASSERT_TRUE(Start("kill -9 $$"));
  ASSERT_TRUE(Until([&] { return deaths_.size() == 7; }));
  for (int i = 0; i < 3; ++i) loop_->RunOnce(Millis(0));
  EXPECT_TRUE(failures_.empty());
  ASSERT_TRUE(Until([&] { return !failures_.empty(); }));
  EXPECT_EQ(deaths_.size(), 8u);
  EXPECT_NE(failures_[0].find("died of SIGKILL"), std::string::npos);
}

TEST_F(WorkerPoolTest, AWorkerThatIsNeverReadyFailsThePoolInTime) {
  options_.ready_deadline = Millis(50);
  ASSERT_TRUE(Start("exec sleep 1000"));
  ASSERT_TRUE(Until([&] { return !failures_.empty(); }));
  EXPECT_NE(failures_[0].find("50 ms"), std::string::npos);
}

TEST_F(WorkerPoolTest, OneThatIsReadyKeepsThePoolAlive) {
  options_.workers = 2;
  options_.ready_deadline = Millis(50);
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->MarkReady(0);
  ASSERT_TRUE(Until([&] { return deaths_.size() >= 4; }));
  EXPECT_TRUE(failures_.empty());
  EXPECT_EQ(deaths_[0].worker, 1u);
}

TEST_F(WorkerPoolTest, OneThatIsSlowToStartAgainIsTriedThreeTimes) {
  options_.ready_deadline = Millis(30);
  options_.first_backoff = Millis(1);
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->MarkReady(0);
  pool_->Kill(0);
  ASSERT_TRUE(Until([&] { return !failures_.empty(); }));
  EXPECT_EQ(deaths_.size(), 4u);
}

TEST_F(WorkerPoolTest, DeathsInARowAreFollowedByGrowingWaits) {
  options_.first_backoff = Millis(20);
  options_.last_backoff = Millis(80);
  ASSERT_TRUE(Start("exec sleep 1000"));
  std::vector<Millis> waits;
  for (int i = 0; i < 5; ++i) {
    pool_->MarkReady(0);
    pool_->Kill(0);
    const int before = started_;
    const std::size_t died = deaths_.size();
    ASSERT_TRUE(Until([&] { return deaths_.size() > died; }));
    const TimePoint gone = std::chrono::steady_clock::now();
    ASSERT_TRUE(Until([&] { return started_ > before; }));
    waits.push_back(std::chrono::duration_cast<Millis>(
        std::chrono::steady_clock::now() - gone));
  }
  // The waits may be longer on a busy machine, but not shorter.
  EXPECT_GE(waits[0], Millis(19));
  EXPECT_GE(waits[1], Millis(39));
  EXPECT_GE(waits[2], Millis(79));
  EXPECT_GE(waits[4], Millis(79));
}

TEST_F(WorkerPoolTest, AUsedOneIsReplacedAtOnceEachTime) {
  options_.first_backoff = Millis(60'000);
  ASSERT_TRUE(Start("exec sleep 1000"));
  for (int i = 0; i < 5; ++i) {
    pool_->MarkReady(0);
    pool_->MarkUsed(0);
    pool_->Kill(0);
    const int before = started_;
    ASSERT_TRUE(Until([&] { return started_ > before; }));
  }
}

TEST_F(WorkerPoolTest, NothingIsStartedAfterStopRestarting) {
  ASSERT_TRUE(Start("exec sleep 1000"));
  pool_->MarkReady(0);
  pool_->StopRestarting();
  pool_->KillAll();
  EXPECT_EQ(pool_->alive(), 0u);
  for (int i = 0; i < 10; ++i) loop_->RunOnce(Millis(10));
  EXPECT_EQ(started_, 1);
}

}  // namespace
}  // namespace thumbmill
