// worker/serve.h: runs a worker process, from READY to BYE.
//
// One thread takes a message, does the task, sends the answer, and takes the
// next message; further messages wait in the socket. The process exits by
// itself when the coordinator is gone.
//
// Contract proto/PROTOCOL.md
#pragma once

#include "proto/worker_args.h"

namespace thumbmill {

// Returns the exit code of the process: 0 after DRAIN, 3 if the coordinator
// breaks the protocol, 4 if this process cannot be set up, 5 if the coordinator
// is gone.
[[nodiscard]] int Serve(const WorkerArgs& args);

}  // namespace thumbmill
