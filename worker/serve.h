// worker/serve.h: the life of a worker process, from READY to BYE.
//
// One thread: a task, its answer, the next message. What waits, waits in the
// socket. Ends by itself when the coordinator is gone.
//
// Contract proto/PROTOCOL.md
#pragma once

#include "proto/worker_args.h"

namespace thumbmill {

// The process's exit code: 0 after DRAIN, 3 when the coordinator breaks the
// protocol, 4 when this process cannot be set up, 5 when the coordinator is
// gone.
[[nodiscard]] int Serve(const WorkerArgs& args);

}  // namespace thumbmill
