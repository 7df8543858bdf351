#include "coordinator/exec/process_executor.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/fail_point.h"
#include "coordinator/exec/collect.h"
#include "coordinator/exec/lease_table.h"
#include "coordinator/exec/losses.h"
#include "coordinator/exec/oom_watch.h"
#include "coordinator/exec/own_memory.h"
#include "coordinator/exec/placement.h"
#include "coordinator/exec/worker_fleet.h"
#include "coordinator/exec/worker_limits.h"
#include "coordinator/exec/worker_program.h"
#include "coordinator/exec/worker_view.h"
#include "coordinator/loop/timer.h"
#include "proto/channel.h"

namespace thumbmill {
namespace {

constexpr Millis kTick{50};
// A tick that comes this late shows that this process was stopped or starved:
// no limit may count that time.
constexpr Millis kLateTick{500};
constexpr Millis kDrainStep{20};

// Returns true if the worker may have got a task. One that is being replaced or
// cannot be reached may have had one earlier.
bool MayHaveHadATask(WorkerState state) {
  switch (state) {
    case WorkerState::kUsed:
    case WorkerState::kGrown:
    case WorkerState::kDraining:
    case WorkerState::kLeaving:
    case WorkerState::kUnreachable:
      return true;
    case WorkerState::kAbsent:
    case WorkerState::kStarting:
    case WorkerState::kWelcomed:
    case WorkerState::kFresh:
    case WorkerState::kKilled:
    case WorkerState::kDismissed:
    case WorkerState::kDead:
      return false;
  }
  return false;
}

class ProcessExecutor final : public Executor {
 public:
  ProcessExecutor(EventLoop* loop, const Arena* inputs,
                  const ProcessOptions& options,
                  std::unique_ptr<RouterChannel> channel);
  ~ProcessExecutor() override { Stop(StopMode::kAbort); }

  Status Start(ExecutorEvents events) override;
  std::size_t Room() const override;
  bool RoomAlone() override;
  void Submit(const Task& task) override;
  void Stop(StopMode mode) override;
  ExecutorStats stats() const override;
  std::vector<WorkerNow> Workers() const override;

 private:
  WorkerFleet::Events FleetEvents();
  void OnResult(WorkerProcess* worker, TaskResult* result);
  void ReportLosses(WorkerProcess* worker);

  void Tick();
  void ForgiveGap(TimePoint now);
  void CheckLimits(WorkerProcess* worker, TimePoint now);
  void CheckMemory(WorkerProcess* worker, TimePoint now);
  void KillAllUsed();

  EventLoop* loop_;
  const Arena* inputs_;
  const Millis heartbeat_;
  ExecutorEvents events_;
  WorkerFleet fleet_;
  LeaseTable leases_;
  Placement placement_;
  OomWatch oom_;
  OwnMemory own_memory_;
  mutable MemorySampler memory_;
  Timer tick_;
  TimePoint last_tick_{};
  std::uint64_t recycled_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

ProcessExecutor::ProcessExecutor(EventLoop* loop, const Arena* inputs,
                                 const ProcessOptions& options,
                                 std::unique_ptr<RouterChannel> channel)
    : loop_(loop),
      inputs_(inputs),
      heartbeat_(options.heartbeat),
      fleet_(loop, inputs, options, std::move(channel), FleetEvents()),
      leases_(options.workers),
      placement_(&fleet_.workers(), &leases_),
      oom_(options.oom_kills),
      own_memory_(options.accounted),
      tick_(loop) {}

WorkerFleet::Events ProcessExecutor::FleetEvents() {
  WorkerFleet::Events events;
  events.result = [this](WorkerProcess* worker, TaskResult* result) {
    OnResult(worker, result);
  };
  events.has_unread_result = [this](const WorkerProcess& worker) {
    return HasUnreadResult(worker, leases_, inputs_->view());
  };
  events.died = [this](WorkerProcess* worker) { ReportLosses(worker); };
  events.failed = [this](Error error) {
    if (events_.failed) events_.failed({std::move(error)});
  };
  return events;
}

Status ProcessExecutor::Start(ExecutorEvents events) {
  CHECK(!started_);
  started_ = true;
  events_ = std::move(events);
  last_tick_ = Now();
  tick_.Set(kTick, [this] { Tick(); });
  return fleet_.Start();
}

// ---- tasks -------------------------------------------------------------

std::size_t ProcessExecutor::Room() const {
  return stopping_ ? 0 : placement_.Room();
}

bool ProcessExecutor::RoomAlone() {
  if (stopping_) return false;
  const std::optional<std::size_t> reserved = placement_.Reserve();
  if (!reserved) return false;
  WorkerProcess& worker = fleet_.workers()[*reserved];
  if (!placement_.MayRunAlone() || !worker.ready()) return false;
  if (worker.state() == WorkerState::kFresh) return true;
  // A worker that has run another image could die of that one: replace it.
  fleet_.Replace(&worker, "an image must run alone in a new process");
  return false;
}

void ProcessExecutor::Submit(const Task& task) {
  CHECK(!stopping_);
  const std::size_t index = placement_.Choose(task);
  WorkerProcess& worker = fleet_.workers()[index];
  worker.OnTask();
  std::optional<SlotLease> output = worker.output()->Acquire();
  CHECK(output.has_value());  // a slot for each task that a worker may hold
  TaskOrder order{task, output->offset()};
  order.task.output_capacity =
      std::min(task.output_capacity, output->capacity());
  CHECK(output->Grow(order.task.output_capacity));
  leases_.Add(index, Lease{order.task, std::move(*output)}, Now());
  placement_.Update(index);
  if (leases_.Count(index) == 1) worker.watchdog().OnNewHead();
  worker.watchdog().OnLoad(leases_.LargestPeak(index),
                           leases_.SumOfCpuLimits(index));
  // If the send fails, the worker is dying, and its death reports the task.
  (void)fleet_.protocol().Send(&worker, order);
  TM_FAIL_POINT("task-sent");
}

void ProcessExecutor::OnResult(WorkerProcess* worker, TaskResult* result) {
  TM_FAIL_POINT("result-received");
  const std::size_t index = worker->worker();
  const Lease* head = leases_.Head(index);
  if (head == nullptr || head->task.id != result->id)
    return fleet_.protocol().OnMalformed(
        worker, "a RESULT for a task that is not its oldest");
  const TimePoint now = Now();
  Result<Finished> finished = CollectAnswer(*head, std::move(*result), now);
  if (!finished) return fleet_.protocol().OnLie(worker, finished.error().what);
  TM_FAIL_POINT("outputs-copied");
  (void)leases_.TakeHead(index, now);  // releases its output range
  placement_.Update(index);
  if (leases_.Count(index) > 0) worker->watchdog().OnNewHead();
  if (worker->state() == WorkerState::kGrown ||
      worker->watchdog().MemoryCheckIsDue(now))
    CheckMemory(worker, now);
  if (events_.finished) events_.finished(std::move(*finished));
}

// Reports all tasks of a dead worker as lost. Calls the events last, when the
// worker's state is clear: they may submit tasks.
void ProcessExecutor::ReportLosses(WorkerProcess* worker) {
  std::vector<Lost> losses =
      TakeLosses(*worker, &leases_, inputs_->view(), &oom_);
  // The process has been reaped: its output ranges and its memfd are free.
  fleet_.Forget(worker);
  placement_.Reset(worker->worker());
  for (Lost& lost : losses)
    if (events_.lost) events_.lost(std::move(lost));
}

// ---- time --------------------------------------------------------------

void ProcessExecutor::Tick() {
  tick_.Set(kTick, [this] { Tick(); });
  const TimePoint now = Now();
  oom_.Look(now);
  ForgiveGap(now);
  // A RESULT that has arrived counts, so read everything before judging a
  // limit.
  fleet_.protocol().link().DrainAll();
  if (own_memory_.Check(now)) KillAllUsed();
  for (WorkerProcess& worker : fleet_.workers()) {
    if (worker.ready()) CheckLimits(&worker, now);
    if (worker.ready()) CheckMemory(&worker, now);
  }
}

// Moves all limits by the time in which this process could not run.
void ProcessExecutor::ForgiveGap(TimePoint now) {
  const auto gap = std::chrono::duration_cast<Millis>(now - last_tick_) - kTick;
  last_tick_ = now;
  if (gap < kLateTick) return;
  leases_.Postpone(gap);
  for (WorkerProcess& worker : fleet_.workers())
    worker.watchdog().Postpone(gap);
}

// Kills a worker that has exceeded a limit, and asks an idle one whether it
// lives.
void ProcessExecutor::CheckLimits(WorkerProcess* worker, TimePoint now) {
  std::optional<KillReason> reason;
  if (leases_.Count(worker->worker()) == 0)
    reason = fleet_.protocol().CheckIdle(worker, now, heartbeat_);
  if (!reason) reason = FindExceededLimit(*worker, leases_, now);
  if (reason) worker->Kill(std::move(*reason));
}

// Replaces a worker whose memory has grown. During a task a part of the memory
// belongs to the image: a busy worker only gets no further task, and is looked
// at again when it has answered.
void ProcessExecutor::CheckMemory(WorkerProcess* worker, TimePoint now) {
  if (stopping_ || !worker->ready()) return;
  const std::size_t index = worker->worker();
  const bool grown =
      worker->watchdog().HasGrown(leases_.LargestPeak(index), now);
  worker->MarkGrown(grown);
  if (!grown || leases_.Count(index) > 0) return;
  ++recycled_;
  fleet_.Replace(worker, "its memory has grown");
}

// Kills every worker that may have had a task: one of them makes this process's
// memory grow. Charges its task only if no other worker was at work.
void ProcessExecutor::KillAllUsed() {
  placement_.RunOneByOne();
  std::size_t busy = 0;
  for (std::size_t i = 0; i < fleet_.workers().size(); ++i)
    busy += leases_.Count(i) > 0 ? 1 : 0;
  for (WorkerProcess& worker : fleet_.workers())
    if (MayHaveHadATask(worker.state()))
      worker.Kill(
          {Reason::kCrash, busy == 1,
           "the coordinator's memory grew while this worker had a task, "
           "as it would by a message without end",
           busy > 1});
}

// ---- stop --------------------------------------------------------------

void ProcessExecutor::Stop(StopMode mode) {
  if (stopped_) return;
  stopping_ = true;
  if (mode == StopMode::kDrain && started_) {
    while (leases_.total() > 0) loop_->RunOnce(kDrainStep);
    events_ = {};
    fleet_.AskAllToExit();
  }
  // No event is called after this line.
  events_ = {};
  fleet_.Stop();
  stopped_ = true;
  tick_.Cancel();
}

// ---- state -------------------------------------------------------------

std::vector<WorkerNow> ProcessExecutor::Workers() const {
  std::vector<WorkerNow> all;
  for (const WorkerProcess& worker : fleet_.workers())
    all.push_back(ViewWorker(worker, leases_, inputs_->view(), Now()));
  return all;
}

ExecutorStats ProcessExecutor::stats() const {
  const MemorySample& memory = memory_.Look(fleet_.workers(), Now());
  ExecutorStats stats;
  stats.shared_bytes = memory.shared_bytes;
  stats.private_bytes = memory.private_bytes;
  stats.peak_private_bytes = memory.peak_private_bytes;
  for (const WorkerProcess& worker : fleet_.workers()) {
    stats.workers += worker.ready() ? 1 : 0;
    stats.busy += leases_.Count(worker.worker()) > 0 ? 1 : 0;
    stats.workers_lost += worker.losses();
  }
  stats.workers_recycled = recycled_;
  stats.malformed_messages = fleet_.protocol().malformed();
  stats.message_bytes = fleet_.protocol().link().bytes();
  return stats;
}

}  // namespace

Result<std::unique_ptr<Executor>> MakeProcessExecutor(
    EventLoop* loop, const Arena* inputs, const ProcessOptions& options) {
  ProcessOptions complete = options;
  ASSIGN_OR_RETURN(complete.worker_program,
                   FindWorkerProgram(options.worker_program));
  ASSIGN_OR_RETURN(auto channel, RouterChannel::Bind());
  return std::unique_ptr<Executor>(std::make_unique<ProcessExecutor>(
      loop, inputs, complete, std::move(channel)));
}

}  // namespace thumbmill
