// coordinator/cli/cli_steps.h: the checks that need more than one flag. Each
// step completes a part of Draft::options.
//
// Errors kUsage: the text names the flags and says what to type instead.
#pragma once

#include "common/result.h"
#include "coordinator/cli/flags.h"

namespace thumbmill {

// cli_sizes.cc. Adds the sizes and flags that --preset, and --image-size with
// --resize-mode, stand for, then parses all sizes.
[[nodiscard]] Status CompleteSizes(Draft* draft);

// cli_target.cc. Decides the kind of target, and where the state and the report
// lie.
[[nodiscard]] Status CompleteTarget(Draft* draft);
// Checks the template of names. Needs the sizes, which it must tell apart.
[[nodiscard]] Status CheckNames(const Draft& draft);

}  // namespace thumbmill
