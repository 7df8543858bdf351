// coordinator/exec/overrun.h: decides why a task did not answer in time.
#pragma once

#include "common/clock.h"
#include "coordinator/net/retry_rules.h"
#include "proto/reason.h"

namespace thumbmill {

// Returns kTooCostly if the task computed for at least
// kOverrunPercent of its CPU limit:
// it would do so again. Otherwise it waited for something, or for a core: a
// hang, which may not happen in another attempt.
[[nodiscard]] inline Reason ReasonOfOverrun(Micros cpu_time, Millis cpu_limit) {
  return cpu_time * 100 >= Micros(cpu_limit) * bounds::kOverrunPercent
             ? Reason::kTooCostly
             : Reason::kHang;
}

}  // namespace thumbmill
