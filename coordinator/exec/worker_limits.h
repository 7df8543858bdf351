// coordinator/exec/worker_limits.h: finds the limit that a worker has exceeded
// with its tasks.
//
// Units    `now` comes from the caller, who owns the clock.
// Contract proto/PROTOCOL.md, "Timeouts" and "Slots".
#pragma once

#include <optional>

#include "common/clock.h"
#include "coordinator/exec/lease_table.h"
#include "coordinator/exec/post_mortem.h"
#include "coordinator/exec/worker_process.h"

namespace thumbmill {

// Returns why the worker must be killed; empty if it keeps the time limits of
// its oldest task and the output ranges that it was granted.
[[nodiscard]] std::optional<KillReason> FindExceededLimit(
    const WorkerProcess& worker, const LeaseTable& leases, TimePoint now);

}  // namespace thumbmill
