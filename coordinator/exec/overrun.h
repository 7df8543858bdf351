// coordinator/exec/overrun.h: decides why a task did not answer in time.
#pragma once

#include "common/clock.h"
#include "proto/reason.h"

namespace thumbmill {

// Returns kTooCostly if the task computed for at least 80 % of its CPU limit:
// it would do so again. Otherwise it waited for something, or for a core: a
// hang, which may not happen in another attempt.
[[nodiscard]] inline Reason ReasonOfOverrun(Micros cpu_time, Millis cpu_limit) {
  return cpu_time * 10 >= Micros(cpu_limit) * 8 ? Reason::kTooCostly
                                                : Reason::kHang;
}

}  // namespace thumbmill
