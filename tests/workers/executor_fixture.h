// tests/workers/executor_fixture.h: an executor, its loop, its inputs, and
// what it answered.
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

// One size that every image can be made into.
[[nodiscard]] Recipe SmallRecipe();

class ExecutorBench {
 public:
  ExecutorBench();
  ~ExecutorBench();

  // `options.workers`, `worker_program`, … as given; started.
  void StartProcesses(const ProcessOptions& options);
  void StartThreads(const LocalOptions& options);

  // Writes `bytes` into a slot of its own and submits a task for it, when
  // there is room (turning the loop until then).
  TaskId Submit(ByteSpan bytes, std::function<void(Task*)> change = {});
  TaskId Submit(std::string_view bytes, std::function<void(Task*)> change = {});
  // The same, of a task that was lost.
  void Resubmit(const Lost& lost);

  // Turns the loop until `done`, at most 20 s; false: it was not.
  bool Until(const std::function<bool()>& done);
  // Until each submitted task was answered.
  bool UntilAnswered();

  [[nodiscard]] Executor& executor() { return *executor_; }
  [[nodiscard]] EventLoop& loop() { return *loop_; }
  void DestroyExecutor() { executor_.reset(); }
  // Children of this process, also those that nobody has reaped.
  [[nodiscard]] static std::vector<int> Children();

  std::map<TaskId, Finished> finished;
  std::map<TaskId, Lost> lost;
  std::vector<Error> failed;
  std::size_t answers = 0;     // of both kinds
  std::size_t duplicates = 0;  // a task that was answered again
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
