#include "coordinator/engine/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "coordinator/cli/units.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
// The coordinator's own memory: program, data of libraries, queues, caches of
// SQLite, connections of curl.
constexpr std::uint64_t kCoordinatorBytes = 72 * kMiB;
// A worker between images.
constexpr std::uint64_t kWorkerBytes = 10 * kMiB;
// The least memory for images. With less, an ordinary photograph (24 MP,
// progressive) could not be decoded.
constexpr std::uint64_t kLeastForImages = 96 * kMiB;

}  // namespace

Result<MemoryPlan> PlanMemory(std::uint64_t total, std::size_t worker_processes,
                              std::uint64_t max_bytes) {
  MemoryPlan plan;
  plan.total = total;
  plan.processes = kCoordinatorBytes + worker_processes * kWorkerBytes;
  if (total < plan.processes + kLeastForImages)
    return Fail(ErrorCode::kUsage,
                fmt::format("--memory {} is too little for {} workers; at "
                            "least {} is needed",
                            FormatBytes(total), worker_processes,
                            FormatBytes(plan.processes + kLeastForImages)));
  const std::uint64_t rest = total - plan.processes;
  // The input pool should hold one input of the largest allowed size, but it
  // may take at most two fifths of the rest, so that the decodes keep enough.
  plan.input = std::min(std::max(rest / 4, max_bytes + kMiB), rest * 2 / 5);
  plan.store = std::min(rest / 8, 1024 * kMiB);
  plan.decode = rest - plan.input - plan.store;
  return plan;
}

}  // namespace thumbmill
