// worker/sandbox/system_calls.h: the seccomp filter of a worker.
//
// It allows only these needs of a worker: memory that is not code; waiting;
// reading and writing open descriptors; the time; dying of a signal with its
// true name. Any other call ends the process with SIGSYS. Calls that glibc
// makes and can do without are refused instead: opening a file, looking at one,
// moving memory.
//
// Errors   kUnavailable: the kernel, or a sanitizer's run time, does not allow
//          a filter.
#pragma once

#include "common/result.h"

namespace thumbmill {

// Loads the filter for all threads of the process, those that exist included.
// It cannot be removed.
[[nodiscard]] Status AllowOnlyNeededCalls();

}  // namespace thumbmill
