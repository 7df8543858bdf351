#include "coordinator/exec/worker_fleet.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "common/log.h"
#include "coordinator/exec/worker_start.h"
#include "proto/worker_args.h"

namespace thumbmill {
namespace {

// Time in which a RESULT of a dead worker may still arrive: the I/O thread may
// hold it.
constexpr Millis kLateResult{20};
constexpr Millis kDrainStep{20};

std::deque<WorkerProcess> MakeWorkers(std::size_t count, EventLoop* loop,
                                      WorkerPool* pool) {
  std::deque<WorkerProcess> workers;
  for (std::size_t i = 0; i < count; ++i) workers.emplace_back(i, loop, pool);
  return workers;
}

// Returns true if the worker found that it cannot be set up here. The exit code
// counts only before any worker was ready: later an image may have chosen it.
bool CannotBeSetUp(const WorkerDeath& death, bool ever_ready) {
  return death.end.signal == 0 && death.end.exit_code == kWorkerExitSetup &&
         !death.was_ready && !ever_ready;
}

KillReason RunHasEnded() {
  KillReason reason;
  reason.why = "the run has ended";
  reason.end_of_run = true;
  return reason;
}

}  // namespace

WorkerFleet::WorkerFleet(EventLoop* loop, const Arena* inputs,
                         const ProcessOptions& options,
                         std::unique_ptr<RouterChannel> channel, Events events)
    : loop_(loop),
      inputs_(inputs),
      options_(options),
      events_(std::move(events)),
      uncharged_(std::numeric_limits<std::uint64_t>::max() / 2),
      workers_(MakeWorkers(options.workers, loop, &pool_)),
      protocol_({loop, &pool_, &workers_}, std::move(channel),
                WelcomeFor(options, inputs), options.worker_program,
                events_.result),
      pool_(loop, PoolOptions{options.workers, options.ready_deadline},
            {[this](std::size_t worker) { return Prepare(worker); },
             [this](const WorkerDeath& death) { OnDied(death); },
             [this](Error error) { events_.failed(std::move(error)); }}) {}

Status WorkerFleet::Start() {
  RETURN_IF_ERROR(protocol_.link().Watch());
  return pool_.Start();
}

Result<SpawnRequest> WorkerFleet::Prepare(std::size_t index) {
  WorkerProcess& worker = workers_[index];
  if (worker.state() == WorkerState::kDead) events_.died(&worker);
  Forget(&worker);  // clears the state that a failed start has left
  RETURN_IF_ERROR(worker.Prepare(OutputLayout(options_), &uncharged_));
  WorkerLink& link = protocol_.link();
  link.Add(worker.id(), index);
  // Only the first worker of a run logs the sandbox layers that it cannot
  // enable: the others would repeat it.
  SandboxLogging logging = SandboxLogging::kNothing;
  if (!std::exchange(logging_given_, true))
    logging = LogEnabled(LogLevel::kInfo) ? SandboxLogging::kAll
                                          : SandboxLogging::kFilter;
  return StartRequest(options_, *inputs_, worker, link.endpoint(), logging);
}

void WorkerFleet::OnDied(const WorkerDeath& death) {
  if (CannotBeSetUp(death, pool_.ever_ready()))
    pool_.Fail(Error{ErrorCode::kUnavailable,
                     Describe(death) +
                         ": no worker can be set up on this machine; the log "
                         "has the worker's own message",
                     0});
  WorkerProcess& worker = workers_[death.worker];
  worker.OnDied(death);
  protocol_.link().DrainAll();
  if (!events_.has_unread_result(worker)) return events_.died(&worker);
  worker.timer().Set(kLateResult, [this, &worker] {
    protocol_.link().DrainAll();
    events_.died(&worker);
  });
}

void WorkerFleet::Forget(WorkerProcess* worker) {
  protocol_.link().Remove(worker->id());
  worker->Reset();
}

void WorkerFleet::Replace(WorkerProcess* worker, const char* why) {
  LogInfo(fmt::format("worker {} (pid {}) is replaced: {}", worker->worker(),
                      worker->pid(), why));
  pool_.Retire(worker->worker(), options_.drain_limit);
  protocol_.SendDrain(worker);
}

void WorkerFleet::AskAllToExit() {
  pool_.StopRestarting();
  for (WorkerProcess& worker : workers_) {
    if (worker.ready())
      protocol_.SendDrain(&worker);
    else
      worker.Kill(RunHasEnded());
  }
  const TimePoint until = Now() + options_.drain_limit;
  while (pool_.alive() > 0 && Now() < until) loop_->RunOnce(kDrainStep);
}

void WorkerFleet::Stop() {
  for (WorkerProcess& worker : workers_) worker.Kill(RunHasEnded());
  pool_.KillAll();
  for (WorkerProcess& worker : workers_)
    if (worker.state() == WorkerState::kDead) events_.died(&worker);
  protocol_.link().Close();
}

}  // namespace thumbmill
