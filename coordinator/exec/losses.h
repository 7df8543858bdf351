// coordinator/exec/losses.h: finds which tasks a worker loses by its death, and
// which of them it worked on.
//
// The worker itself notes that in its flight record. A worker that was taken
// over may have written anything into it: the record is believed only if it
// names a task of that worker and has the mark of that task's input.
//
// Contract proto/PROTOCOL.md, "Flight record" and "Death".
#pragma once

#include <vector>

#include "common/bytes.h"
#include "coordinator/exec/executor.h"
#include "coordinator/exec/lease_table.h"
#include "coordinator/exec/oom_watch.h"
#include "coordinator/exec/worker_process.h"
#include "proto/phase.h"
#include "proto/task.h"

namespace thumbmill {

// The task that a worker worked on, and the phase of that work.
struct CrashContext {
  TaskId task = 0;  // 0 if the record names no task or is not believed
  Phase phase = Phase::kNone;
};

// Reads the flight record. `inputs` is the whole input region.
[[nodiscard]] CrashContext ReadCrashContext(const WorkerProcess& worker,
                                            const LeaseTable& leases,
                                            ByteSpan inputs);

// Returns true if a RESULT of the dead worker must be under way: its flight
// record does not name the oldest task, and so it had answered that one.
[[nodiscard]] bool HasUnreadResult(const WorkerProcess& worker,
                                   const LeaseTable& leases, ByteSpan inputs);

// Ends the leases of a dead worker and returns a report for each.
[[nodiscard]] std::vector<Lost> TakeLosses(const WorkerProcess& worker,
                                           LeaseTable* leases, ByteSpan inputs,
                                           OomWatch* oom);

}  // namespace thumbmill
