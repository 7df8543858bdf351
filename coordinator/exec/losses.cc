#include "coordinator/exec/losses.h"

namespace thumbmill {

CrashContext ReadCrashContext(const WorkerProcess& worker,
                              const LeaseTable& leases, ByteSpan inputs) {
  const FlightRecord* record = worker.record();
  if (record == nullptr) return {};
  const Lease* lease = leases.Find(worker.worker(), record->task_id.load());
  if (lease == nullptr) return {};
  const ByteRange& range = lease->task.input;
  const ByteSpan input = inputs.subspan(range.offset, range.length);
  if (record->input_mark.load() != InputMark(input)) return {};
  return {lease->task.id, record->phase.load()};
}

bool HasUnreadResult(const WorkerProcess& worker, const LeaseTable& leases,
                     ByteSpan inputs) {
  // The RESULT of a worker that we killed does not count.
  const Lease* head = leases.Head(worker.worker());
  return head != nullptr && !worker.killed() &&
         ReadCrashContext(worker, leases, inputs).task != head->task.id;
}

std::vector<Lost> TakeLosses(const WorkerProcess& worker, LeaseTable* leases,
                             ByteSpan inputs, OomWatch* oom) {
  const std::size_t index = worker.worker();
  CrashContext context;
  if (!worker.oldest_task_lied())
    context = ReadCrashContext(worker, *leases, inputs);
  const bool certain = context.task != 0 || worker.oldest_task_lied() ||
                       leases->Count(index) == 1;
  // A worker handles its tasks in order: without a record, the oldest counts
  // as the one at work.
  const Lease* head = leases->Head(index);
  if (context.task == 0 && head != nullptr) context.task = head->task.id;
  const Cause cause = worker.CauseOfDeath(leases->SumOfCpuLimits(index), oom);
  std::vector<Lost> losses;
  for (const Lease& lease : leases->TakeAll(index)) {
    Lost& lost = losses.emplace_back(ReportLoss(
        lease.task.id, lease.task.id == context.task, context.phase, cause));
    lost.certain = certain;
    lost.alone = lease.task.alone;
  }
  return losses;
}

}  // namespace thumbmill
