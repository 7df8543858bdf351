#include "coordinator/exec/worker_limits.h"

#include <fmt/format.h>

namespace thumbmill {
namespace {

// Bytes that a worker may touch beyond its granted ranges: its flight record,
// and the rest of pages that it has begun.
constexpr std::uint64_t kOutputSlack = 1 << 20;

// A worker can write to all of its output memory, but only the granted ranges
// are charged.
std::optional<KillReason> CheckOutputs(const Arena& output,
                                       std::uint64_t granted) {
  const std::uint64_t used = output.allocated_bytes();
  const std::uint64_t allowed =
      granted + output.layout().slots * output.layout().keep_bytes +
      kOutputSlack;
  if (used <= allowed) return std::nullopt;
  return KillReason{Reason::kCrash, true,
                    fmt::format("it wrote {} MiB to its output memory, and "
                                "its limit is {} MiB",
                                used >> 20, allowed >> 20)};
}

}  // namespace

std::optional<KillReason> FindExceededLimit(const WorkerProcess& worker,
                                            const LeaseTable& leases,
                                            TimePoint now) {
  const std::size_t index = worker.worker();
  if (const Lease* head = leases.Head(index)) {
    std::optional<KillReason> reason =
        worker.watchdog().CheckTask(head->task, leases.HeadAge(index, now));
    if (reason) return reason;
  }
  return CheckOutputs(*worker.output(), leases.SumOfGrants(index));
}

}  // namespace thumbmill
