// tests/unit/process_executor_fixture.h: an executor over one of the
// misbehaving worker programs. Deadlines are short but real, because the tests
// check real processes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "coordinator/exec/process_executor.h"
#include "tests/workers/executor_fixture.h"
#include "tests/workers/test_workers.h"

namespace thumbmill {

class ProcessExecutorTest : public testing::Test {
 protected:
  void Start(std::size_t workers = 1, const std::string& program = "faulty") {
    options_.workers = workers;
    options_.worker_program = FakeWorkerProgram(program);
    options_.recipe = SmallRecipe();
    bench_.StartProcesses(options_);
  }
  // Submits a task whose bytes tell the faulty worker its deed. "work" names
  // none: it answers.
  TaskId Order(const std::string& deed, Millis limit = Millis(20000)) {
    return bench_.Submit(deed,
                         [limit](Task* task) { task->time_limit = limit; });
  }
  // Submits one task to a new executor and expects its loss.
  Lost LoseOne(const std::string& deed, Millis limit = Millis(20000)) {
    Start();
    const TaskId id = Order(deed, limit);
    EXPECT_TRUE(bench_.UntilAnswered());
    EXPECT_TRUE(bench_.lost.contains(id));
    return bench_.lost[id];
  }
  // Turns the loop for a time in which nothing may happen.
  void Wait(Millis time) {
    const TimePoint until = std::chrono::steady_clock::now() + time;
    bench_.Until([=] { return std::chrono::steady_clock::now() >= until; });
  }
  void TearDown() override {
    EXPECT_EQ(bench_.duplicates, 0u);
    bench_.DestroyExecutor();
    EXPECT_TRUE(ExecutorBench::Children().empty());
  }

  ProcessOptions options_;
  ExecutorBench bench_;
};

}  // namespace thumbmill
