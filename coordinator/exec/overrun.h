// coordinator/exec/overrun.h: what a task did that did not answer in time.
#pragma once

#include "common/clock.h"
#include "proto/reason.h"

namespace thumbmill {

// It computed nearly all that it may, and would again: too costly. It waited
// for something, or for a core: a hang, which another try may not meet.
[[nodiscard]] inline Reason ReasonOfOverrun(Micros cpu_time, Millis cpu_limit) {
  return cpu_time * 10 >= Micros(cpu_limit) * 8 ? Reason::kTooCostly
                                                : Reason::kHang;
}

}  // namespace thumbmill
