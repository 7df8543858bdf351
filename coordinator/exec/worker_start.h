// coordinator/exec/worker_start.h: the memory, arguments and descriptors that a
// worker process starts with.
//
// Contract proto/worker_args.h; proto/PROTOCOL.md, "Slots".
#pragma once

#include <string>

#include "common/shm/arena.h"
#include "coordinator/exec/process_executor.h"
#include "coordinator/exec/worker_process.h"
#include "coordinator/pool/spawn.h"
#include "proto/messages.h"
#include "proto/worker_args.h"

namespace thumbmill {

// Returns the layout of one worker's output memory.
[[nodiscard]] ArenaLayout OutputLayout(const ProcessOptions& options);

// Returns the part of WELCOME that is the same for all workers. `inputs` may be
// null for an executor that is never started.
[[nodiscard]] Welcome WelcomeFor(const ProcessOptions& options,
                                 const Arena* inputs);

// Returns the request that spawns the process for a worker that is prepared.
[[nodiscard]] SpawnRequest StartRequest(const ProcessOptions& options,
                                        const Arena& inputs,
                                        const WorkerProcess& worker,
                                        const std::string& endpoint,
                                        SandboxLogging logging);

}  // namespace thumbmill
