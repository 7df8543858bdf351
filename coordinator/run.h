// coordinator/run.h: builds the parts of a run, runs the engine, and writes the
// report.
//
// Runs in  the main thread.
// Contract docs/cli.md, "Exit codes".
#pragma once

#include "coordinator/cli/options.h"

namespace thumbmill {

// Runs `coordinator run` and returns its exit code.
[[nodiscard]] int Run(const RunOptions& options);

}  // namespace thumbmill
