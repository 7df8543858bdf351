// tests/workers/executor_fixture.h: an executor with its loop and inputs, which
// remembers all answers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/exec/executor.h"
#include "coordinator/exec/local_executor.h"
#include "coordinator/exec/process_executor.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

// Returns a recipe with one size that every image can be made into.
[[nodiscard]] Recipe SmallRecipe();

class ExecutorBench {
 public:
  ExecutorBench();
  ~ExecutorBench();

  // Start the executor with `options`.
  void StartProcesses(const ProcessOptions& options);
  void StartThreads(const LocalOptions& options);

  // Waits for room, turning the loop, then writes `bytes` into a new slot and
  // submits a task for it.
  TaskId Submit(ByteSpan bytes, std::function<void(Task*)> change = {});
  TaskId Submit(std::string_view bytes, std::function<void(Task*)> change = {});
  // Submits a lost task again.
  void Resubmit(const Lost& lost);

  // Turns the loop until `done` returns true, for at most 20 s. Returns false
  // on timeout.
  bool Until(const std::function<bool()>& done);
  // Turns the loop until each submitted task has an answer.
  bool UntilAnswered();

  [[nodiscard]] Executor& executor() { return *executor_; }
  [[nodiscard]] EventLoop& loop() { return *loop_; }
  void DestroyExecutor() { executor_.reset(); }
  // Returns the child processes of this process, zombies included.
  [[nodiscard]] static std::vector<int> Children();

  std::map<TaskId, Finished> finished;
  std::map<TaskId, Lost> lost;
  std::vector<Error> failed;
  std::size_t answers = 0;     // finished and lost together
  std::size_t duplicates = 0;  // answers to tasks that already had one
  std::function<void(const Lost&)> on_lost;

 private:
  ExecutorEvents Events();
  void Start(std::unique_ptr<Executor> executor);

  std::unique_ptr<EventLoop> loop_;
  MemoryBudget budget_{std::uint64_t{1} << 30};
  std::unique_ptr<Arena> arena_;
  std::map<TaskId, SlotLease> inputs_;
  std::map<TaskId, Task> tasks_;
  TaskId next_ = 1;
  std::unique_ptr<Executor> executor_;
};

}  // namespace thumbmill
