// coordinator/view/describe.h: one line for each worker, download and upload,
// for the log (SIGUSR2).
//
// Pure     returns text only. The text is printable.
#pragma once

#include <string>
#include <vector>

#include "coordinator/engine/snapshot.h"

namespace thumbmill {

// Returns the numbers of the run in the first line, then one line for each part
// of the activity. Take the snapshot with Detail::kActivity.
[[nodiscard]] std::vector<std::string> Describe(const Snapshot& snapshot);

}  // namespace thumbmill
