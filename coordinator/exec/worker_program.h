// coordinator/exec/worker_program.h: finds the program `worker`.
//
// Errors  kNotFound: it is missing, or not a program.
#pragma once

#include <string>

#include "common/result.h"

namespace thumbmill {

// Returns `given`. If that is empty, looks for `worker` beside this program and
// in ../worker (a build folder).
[[nodiscard]] Result<std::string> FindWorkerProgram(const std::string& given);

}  // namespace thumbmill
