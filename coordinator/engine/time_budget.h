// coordinator/engine/time_budget.h: computes time limits and an expected time
// for the work on one image from its header.
//
// The limits are not a forecast. They are about twenty times the measured time
// of the slowest image of the same kind. A slow machine and a build with
// sanitizers stay below them, and an endless loop in a small image ends after
// seconds instead of at --task-timeout. The expected time is a rough figure,
// which only decides how many tasks a worker holds.
#pragma once

#include <cstdint>
#include <optional>

#include "common/clock.h"
#include "worker/thumbnailer.h"

namespace thumbmill {

struct TimeBudget {
  Millis cpu{0};       // CPU limit; beyond it the image is too_costly
  Millis wall{0};      // limit for the answer; beyond it the worker hangs
  Micros expected{0};  // expected time of the worker
};

// Returns the budget of one image. `header` is empty if the format is unknown.
// `bound` is --task-timeout, and no limit exceeds it.
[[nodiscard]] TimeBudget BudgetOf(const std::optional<ImageHeader>& header,
                                  std::uint64_t input_bytes,
                                  std::uint64_t output_pixels,
                                  std::uint32_t max_scans, Millis bound);

}  // namespace thumbmill
