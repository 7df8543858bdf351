// coordinator/exec/local_executor.h: runs tasks in threads of this process.
//
// Uses the same Thumbnailer and the same input arena as a worker. A thread has
// no sandbox: a crash ends the run. Time limits are not enforced, since a
// thread cannot be killed.
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
  // Tasks that may wait for each thread, besides the one that it runs: enough
  // that it never waits for the loop.
  std::size_t queue_depth = 4;
};

// Returns an executor that is not started. `loop` and `inputs` must outlive it.
[[nodiscard]] std::unique_ptr<Executor> MakeLocalExecutor(
    EventLoop* loop, const Arena* inputs, const LocalOptions& options);

}  // namespace thumbmill
