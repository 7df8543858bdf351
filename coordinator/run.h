// coordinator/run.h: builds the parts that a run needs, runs the engine, and
// leaves the report.
//
// Runs in  the main thread. Returns the exit code of INTERFACE "Exit codes".
#pragma once

#include "coordinator/cli/options.h"

namespace thumbmill {

[[nodiscard]] int Run(const RunOptions& options);

}  // namespace thumbmill
