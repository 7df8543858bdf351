// worker/sandbox.h: what a worker may still ask of the kernel: memory, its
// socket, the time. No file, no new process, no new connection.
//
// A violation ends the process with SIGSYS. Holds for all its threads.
//
// Errors   kUnavailable: the kernel, or a sanitizer's run time, does not allow
//          it.
#pragma once

#include "common/result.h"
#include "proto/worker_args.h"

namespace thumbmill {

// kOff: does nothing. Cannot be undone.
[[nodiscard]] Status EnterSandbox(SandboxMode mode);

}  // namespace thumbmill
