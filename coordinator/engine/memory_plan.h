// coordinator/engine/memory_plan.h: how --memory is shared out, so that no part
// can starve another.
//
// The idea: what an image needs at different times comes from different
// pools, and each pool is emptied by steps that need only pools further down
// the walk. Inputs wait for decodes, decodes for stores, stores for nothing
// but the target. So there is no cycle, and no deadlock:
//
//   input   bytes of encoded images, from the first byte fetched until the
//           last attempt at the image is over
//   decode  predicted private memory of the decodes that were sent to workers
//   store   thumbnails, from TASK (as the granted output) until journaled
//
// The rest is for the processes themselves. Peaks are measured by
// scripts/bench.
#pragma once

#include <cstdint>

#include "common/result.h"

namespace thumbmill {

struct MemoryPlan {
  std::uint64_t total = 0;
  std::uint64_t processes = 0;
  std::uint64_t input = 0;
  std::uint64_t decode = 0;
  std::uint64_t store = 0;
};

// Fails with kUsage when `total` cannot hold the processes and one image of
// ordinary size; the text says how much would do.
[[nodiscard]] Result<MemoryPlan> PlanMemory(std::uint64_t total,
                                            std::size_t worker_processes,
                                            std::uint64_t max_bytes);

}  // namespace thumbmill
