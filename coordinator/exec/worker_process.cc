#include "coordinator/exec/worker_process.h"

#include <fmt/format.h>
#include <signal.h>

#include <utility>

#include "common/check.h"
#include "common/fail_point.h"
#include "common/log.h"
#include "coordinator/exec/oom_watch.h"
#include "proto/channel.h"

namespace thumbmill {

const FlightRecord* WorkerProcess::record() const {
  return record_slot_.valid() ? FlightRecordAt(record_slot_.data()) : nullptr;
}

Status WorkerProcess::Prepare(const ArenaLayout& layout, MemoryBudget* budget) {
  // Each process gets a new memfd: the bytes of a dead one vanish with its own.
  ASSIGN_OR_RETURN(output_, Arena::Create(layout, budget));
  record_slot_ = *output_->Acquire();  // the first slot is at offset 0
  ASSIGN_OR_RETURN(id_, RandomName());
  Move(WorkerState::kStarting);
  return {};
}

void WorkerProcess::Move(WorkerState to) {
  CHECK(IsLegalMove(state_, to));
  LogDebug(fmt::format("worker {} is {}, was {}", worker_, ToString(to),
                       ToString(state_)));
  timer_.Cancel();
  state_ = to;
}

void WorkerProcess::OnReady() {
  watchdog_.OnReady();
  TM_FAIL_POINT("worker-ready");
  Move(WorkerState::kFresh);
  pool_->MarkReady(worker_);
}

void WorkerProcess::OnTask() {
  if (state_ == WorkerState::kFresh) Move(WorkerState::kUsed);
  pool_->MarkUsed(worker_);
}

void WorkerProcess::MarkGrown(bool grown) {
  if (grown && state_ == WorkerState::kUsed) Move(WorkerState::kGrown);
  if (!grown && state_ == WorkerState::kGrown) Move(WorkerState::kUsed);
}

void WorkerProcess::Kill(KillReason reason) {
  if (killed() || pid() == 0) return;
  const bool planned = reason.end_of_run || IsLeaving(state_);
  Move(planned ? WorkerState::kDismissed : WorkerState::kKilled);
  kill_reason_ = std::move(reason);
  pool_->Kill(worker_);
}

void WorkerProcess::OnDied(const WorkerDeath& death) {
  if (!IsLeaving(state_)) ++losses_;
  Move(WorkerState::kDead);
  death_ = death;
}

void WorkerProcess::Reset() {
  if (state_ != WorkerState::kAbsent) Move(WorkerState::kAbsent);
  id_.clear();
  record_slot_.Reset();  // must go before its arena
  output_.reset();
  watchdog_ = Watchdog();
  asked_ = 0;
  kill_reason_.reset();
}

Cause WorkerProcess::CauseOfDeath(Millis cpu_limit, OomWatch* oom) const {
  CHECK(state_ == WorkerState::kDead);
  Evidence evidence;
  evidence.cpu_used_up = watchdog_.UsedUp(death_.end.cpu_time, cpu_limit);
  evidence.out_of_memory =
      !killed() && death_.end.signal == SIGKILL && oom->Claim();
  return FindCause(death_, killed() ? &*kill_reason_ : nullptr, evidence);
}

}  // namespace thumbmill
