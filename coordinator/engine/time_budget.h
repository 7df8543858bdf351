// coordinator/engine/time_budget.h: how long the work on one image may take,
// and is likely to, from what its header says.
//
// The limits are no forecast: about twenty times what the slowest image of its
// kind took here, so that a slow machine and a checked build stay below, and
// an endless loop in a small image ends in seconds, not at --task-timeout. What
// is expected is a rough figure; it only decides how many tasks a worker holds.
#pragma once

#include <cstdint>
#include <optional>

#include "common/clock.h"
#include "worker/thumbnailer.h"

namespace thumbmill {

struct TimeBudget {
  Millis cpu{0};       // of the worker; beyond it the image is too_costly
  Millis wall{0};      // until the answer; beyond it the worker hangs
  Micros expected{0};  // of the worker
};

// `header` is empty where the format is not known; `bound` is --task-timeout,
// which no limit exceeds.
[[nodiscard]] TimeBudget BudgetOf(const std::optional<ImageHeader>& header,
                                  std::uint64_t input_bytes,
                                  std::uint64_t output_pixels,
                                  std::uint32_t max_scans, Millis bound);

}  // namespace thumbmill
