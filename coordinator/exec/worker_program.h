// coordinator/exec/worker_program.h: where the program `worker` is.
//
// Errors  kNotFound: it is not there, or not a program.
#pragma once

#include <string>

#include "common/result.h"

namespace thumbmill {

// `given`, or where that is empty: `worker` beside this program, or in
// ../worker (a build folder).
[[nodiscard]] Result<std::string> FindWorkerProgram(const std::string& given);

}  // namespace thumbmill
