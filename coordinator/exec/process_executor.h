// coordinator/exec/process_executor.h: runs tasks in worker processes.
//
// Joins the wire (RouterChannel), the processes (WorkerPool) and the record of
// who holds what (LeaseTable). A lease ends with an answer or with the reaped
// process, never otherwise.
//
// Owns     the socket, the workers, one output memfd a worker.
// Runs in  the coordinator's main thread. Start(), Submit(), Stop() are not
//          called from within Stop(); Stop() not from within an event.
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
  // One a core.
  std::size_t workers = 1;
  // Empty: `worker` beside this program, or in ../worker (a build folder).
  std::string worker_program;
  Recipe recipe;
  // The largest Task::output_capacity that will be granted in full; a larger
  // one is cut to it. Costs address space, not memory.
  std::uint64_t max_output_bytes = std::uint64_t{64} << 20;
  // Of an output range, stays touched between tasks: small thumbnails then
  // cost no page fault. Eight ranges a worker.
  std::uint64_t kept_output_bytes = 128 << 10;
  // A worker that has nothing to do is asked this often whether it lives, and
  // killed when five of these pass without an answer.
  Millis heartbeat{1000};
  // See PoolOptions: from spawn to READY.
  Millis ready_deadline{5000};
  // From DRAIN to the exit of the worker.
  Millis drain_limit{2000};
  // How many processes the kernel has ended for want of memory, ever: tells an
  // OOM kill from a person's. Empty: each is taken for a person's.
  std::function<std::uint64_t()> oom_kills;
  // Private bytes of this process that others have charged; see own_memory.h.
  // Empty: its memory is not looked at.
  std::function<std::uint64_t()> accounted;
  // What a worker may still do once it has its recipe.
  SandboxMode sandbox = SandboxMode::kAuto;
};

// Fails when the worker program is not there, or the socket cannot be bound.
// `loop` and `inputs` outlive the executor.
[[nodiscard]] Result<std::unique_ptr<Executor>> MakeProcessExecutor(
    EventLoop* loop, const Arena* inputs, const ProcessOptions& options);

}  // namespace thumbmill
