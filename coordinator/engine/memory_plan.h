// coordinator/engine/memory_plan.h: divides --memory into pools, so that no
// part can starve another.
//
// The idea: an image takes memory from a different pool at each stage, and the
// steps that empty a pool need only pools further down the walk. Inputs wait
// for decodes, decodes wait for stores, and stores wait only for the target.
// There is no cycle, so there is no deadlock:
//
//   input   bytes of encoded images, from the first fetched byte to the end of
//           the last attempt at the image
//   decode  predicted private memory of the decodes that were sent to workers
//   store   bytes of thumbnails, from TASK (as the granted output) until the
//           target has them
//
// The rest of --memory is for the processes themselves. scripts/bench measures
// the peaks.
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

// Fails with kUsage if `total` cannot hold the processes and one image of
// ordinary size; the error text names the least that is enough.
[[nodiscard]] Result<MemoryPlan> PlanMemory(std::uint64_t total,
                                            std::size_t worker_processes,
                                            std::uint64_t max_bytes);

}  // namespace thumbmill
