// coordinator/exec/process_executor.h: runs tasks in worker processes.
//
// Joins the wire (RouterChannel), the processes (WorkerPool) and the leases
// (LeaseTable). A lease ends only with an answer, or after its process has been
// reaped.
//
// Owns     the socket, the workers, one output memfd for each worker.
// Runs in  the coordinator's main thread. Do not call Start(), Submit() or
//          Stop() while Stop() runs, and do not call Stop() from an event.
// Contract proto/PROTOCOL.md, coordinator/exec/executor.h
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "common/shm/arena.h"
#include "coordinator/exec/executor.h"
#include "coordinator/loop/event_loop.h"
#include "proto/recipe.h"
#include "proto/worker_args.h"

namespace thumbmill {

struct ProcessOptions {
  // Number of worker processes: one for each core.
  std::size_t workers = 1;
  // Path of the worker program. If it is empty: `worker` beside this program,
  // or in ../worker (a build folder).
  std::string worker_program;
  Recipe recipe;
  // Largest Task::output_capacity that is granted in full, in bytes; a larger
  // one is cut to it. Costs address space, not memory.
  std::uint64_t max_output_bytes = std::uint64_t{64} << 20;
  // Bytes of an output range that stay in memory between tasks, so that small
  // thumbnails cost no page fault. A worker has eight ranges.
  std::uint64_t kept_output_bytes = 128 << 10;
  // Interval at which an idle worker is asked whether it lives. It is killed if
  // it does not answer within five intervals.
  Millis heartbeat{1000};
  // Longest time from spawn to ready; see PoolOptions.
  Millis ready_deadline{5000};
  // Longest time from DRAIN to the exit of the worker.
  Millis drain_limit{2000};
  // Returns how many processes the kernel has killed so far because memory ran
  // out; this tells an OOM kill from a person's. If it is empty, each SIGKILL
  // counts as a person's.
  std::function<std::uint64_t()> oom_kills;
  // Returns the private bytes of this process that others have charged; see
  // own_memory.h. If it is empty, this process's memory is not checked.
  std::function<std::uint64_t()> accounted;
  // How strictly a worker must close its sandbox once it has its recipe.
  SandboxMode sandbox = SandboxMode::kAuto;
};

// Returns an executor that is not started. Fails if the worker program is
// missing, or if the socket cannot be bound. `loop` and `inputs` must outlive
// the executor.
[[nodiscard]] Result<std::unique_ptr<Executor>> MakeProcessExecutor(
    EventLoop* loop, const Arena* inputs, const ProcessOptions& options);

}  // namespace thumbmill
