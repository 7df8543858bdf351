// coordinator/start/limits.h: raises and checks the limits of the system before
// a run starts: open files, file sizes, threads, scheduling.
//
// Errors   the text names the limit and says how to raise it. kUsage if other
//          flags need less.
#pragma once

#include <cstddef>

#include "common/result.h"
#include "coordinator/cli/options.h"

namespace thumbmill {

// Threads of a run for file calls that may block.
inline constexpr std::size_t kIoThreads = 4;

// Refuses a run that may get too few open files or threads, before it starts:
// a library could end the process, or an image could fail for a reason that is
// not its own.
[[nodiscard]] Status ReserveLimits(const RunOptions& options);

}  // namespace thumbmill
