// worker/sandbox/system_calls.h: the seccomp filter of a worker: what it may
// still ask the kernel for.
//
// A list of what is needed, and nothing else: memory that is not code; waiting;
// reading and writing what is open; the time; dying of a signal that is named
// truly. Anything else ends the process with SIGSYS, but for two questions that
// glibc asks and lives without an answer to: opening a file and looking at one.
//
// Errors   kUnavailable: the kernel, or a sanitizer's run time, does not allow
//          a filter.
#pragma once

#include "common/result.h"

namespace thumbmill {

// For all threads of the process, those that exist included. For good.
[[nodiscard]] Status AllowOnlyNeededCalls();

}  // namespace thumbmill
