// coordinator/start/dry_run.h: --dry-run: prints the names that a run would
// make.
#pragma once

#include "coordinator/start/parts.h"

namespace thumbmill {

// Prints one line for each item to stdout: the action, the source, the name.
// Returns the exit code.
[[nodiscard]] int DryRun(const RunOptions& options, Parts* parts);

}  // namespace thumbmill
