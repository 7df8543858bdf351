#include "coordinator/exec/worker_view.h"

#include <algorithm>

#include "coordinator/exec/losses.h"
#include "coordinator/exec/process_stat.h"

namespace thumbmill {
namespace {

constexpr Millis kSampleInterval{200};

}  // namespace

WorkerNow ViewWorker(const WorkerProcess& worker, const LeaseTable& leases,
                     ByteSpan inputs, TimePoint now) {
  const std::size_t index = worker.worker();
  WorkerNow view;
  view.worker = index;
  view.pid = worker.pid();
  view.ready = worker.ready();
  if (view.pid != 0) view.private_bytes = PrivateBytes(view.pid);
  const Lease* head = leases.Head(index);
  if (head == nullptr) return view;
  // The worker may have answered tasks whose RESULT is not read yet. Its flight
  // record is more recent.
  const CrashContext context = ReadCrashContext(worker, leases, inputs);
  view.task = context.task != 0 ? context.task : head->task.id;
  view.phase = context.phase;
  view.since = leases.HeadAge(index, now);
  view.waiting = leases.Count(index) - 1;
  return view;
}

const MemorySample& MemorySampler::Look(
    const std::deque<WorkerProcess>& workers, TimePoint now) {
  if (now - sampled_ < kSampleInterval) return sample_;
  sampled_ = now;
  sample_.shared_bytes = sample_.private_bytes = 0;
  for (const WorkerProcess& worker : workers) {
    if (worker.output() != nullptr)
      sample_.shared_bytes += worker.output()->allocated_bytes();
    const pid_t pid = worker.pid();
    if (pid == 0) continue;
    const std::uint64_t bytes = PrivateBytes(pid);
    sample_.private_bytes += bytes;
    sample_.peak_private_bytes = std::max(sample_.peak_private_bytes, bytes);
  }
  return sample_;
}

}  // namespace thumbmill
