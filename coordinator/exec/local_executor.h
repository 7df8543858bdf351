// coordinator/exec/local_executor.h: runs tasks in threads of this process.
//
// The same Thumbnailer as a worker's, on the same input arena: what differs is
// the place. There is no wall around a task: a crash ends the run, and a time
// limit is not enforced, since a thread cannot be ended.
//
// Threads  each has its own Thumbnailer; answers are posted to the loop.
// Contract coordinator/exec/executor.h
#pragma once

#include <memory>

#include "common/shm/arena.h"
#include "coordinator/exec/executor.h"
#include "coordinator/loop/event_loop.h"
#include "proto/recipe.h"

namespace thumbmill {

struct LocalOptions {
  std::size_t threads = 1;
  Recipe recipe;
  // Tasks that a thread may have waiting beside the one that it runs: enough
  // that it never waits for the loop.
  std::size_t queue_depth = 4;
};

// `loop` and `inputs` outlive the executor.
[[nodiscard]] std::unique_ptr<Executor> MakeLocalExecutor(
    EventLoop* loop, const Arena* inputs, const LocalOptions& options);

}  // namespace thumbmill
