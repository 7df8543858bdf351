#include "coordinator/engine/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "coordinator/cli/units.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
// Program, libraries' data, queues, SQLite's caches, curl's connections.
constexpr std::uint64_t kCoordinatorBytes = 72 * kMiB;
// A worker between images.
constexpr std::uint64_t kWorkerBytes = 10 * kMiB;
// Below this an ordinary photograph (24 MP progressive) could not be decoded.
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
  // One input of the largest allowed size should fit, but never take more
  // than two fifths from the decodes.
  plan.input = std::min(std::max(rest / 4, max_bytes + kMiB), rest * 2 / 5);
  plan.store = std::min(rest / 8, 1024 * kMiB);
  plan.decode = rest - plan.input - plan.store;
  return plan;
}

}  // namespace thumbmill
