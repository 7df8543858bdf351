#include "coordinator/exec/worker_protocol.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <variant>

#include "common/log.h"

namespace thumbmill {
namespace {

// Time in which a worker whose connection is gone may exit, so that its own
// cause of death is recorded.
constexpr Millis kLateDeath{100};

}  // namespace

WorkerProtocol::WorkerProtocol(const Parts& parts,
                               std::unique_ptr<RouterChannel> channel,
                               Welcome welcome, std::string program,
                               OnResult on_result)
    : pool_(parts.pool),
      link_(parts.loop, std::move(channel),
            [this, workers = parts.workers](std::size_t worker,
                                            Result<Message> message) {
              OnReceived(&(*workers)[worker], std::move(message));
            }),
      welcome_(std::move(welcome)),
      program_(std::move(program)),
      on_result_(std::move(on_result)) {}

std::uint64_t WorkerProtocol::malformed() const {
  return malformed_ + link_.strays();
}

// ---- to the worker -----------------------------------------------------

bool WorkerProtocol::Send(WorkerProcess* worker, const Message& message) {
  const Status sent = link_.Send(worker->id(), message);
  if (!sent) OnUnreachable(worker, sent.error().what);
  return sent.has_value();
}

// Handles a worker whose connection is gone. A process that has died reports
// its own cause of death through its pidfd. One that still lives after
// kLateDeath is killed.
void WorkerProtocol::OnUnreachable(WorkerProcess* worker,
                                   const std::string& why) {
  // A worker that was told to exit keeps its state: its end is no loss.
  if (worker->state() != WorkerState::kDraining)
    worker->Move(WorkerState::kUnreachable);
  worker->timer().Set(kLateDeath, [worker, why] {
    worker->Kill({Reason::kCrash, false, why});
  });
}

void WorkerProtocol::Ask(WorkerProcess* worker) {
  worker->set_asked(next_token_++);
  (void)Send(worker, Heartbeat{worker->asked()});
}

std::optional<KillReason> WorkerProtocol::CheckIdle(WorkerProcess* worker,
                                                    TimePoint now,
                                                    Millis heartbeat) {
  switch (worker->watchdog().CheckIdle(now, heartbeat)) {
    case Watchdog::Idle::kFine:
      return std::nullopt;
    case Watchdog::Idle::kAsk:
      Ask(worker);
      return std::nullopt;
    case Watchdog::Idle::kSilent:
      break;
  }
  LogWarning(fmt::format(
      "worker {} (pid {}) answers no heartbeat; another process replaces it",
      worker->worker(), worker->pid()));
  return KillReason{Reason::kHang, false, "it did not answer a heartbeat"};
}

void WorkerProtocol::SendDrain(WorkerProcess* worker) {
  worker->Move(WorkerState::kDraining);
  (void)Send(worker, Drain{});
}

// ---- from the worker ---------------------------------------------------

void WorkerProtocol::OnReceived(WorkerProcess* worker,
                                Result<Message> message) {
  if (worker->killed()) return;
  worker->watchdog().OnHeard(Now());
  if (!message) return OnUnreadable(worker, message.error());
  std::visit([&](auto& each) { OnMessage(worker, each); }, *message);
}

void WorkerProtocol::OnUnreadable(WorkerProcess* worker, const Error& error) {
  // Another version stops the run only before WELCOME: later an image may have
  // chosen the number. The worker may have died since it sent that.
  const bool other_program = error.code == ErrorCode::kUsage &&
                             (worker->state() == WorkerState::kStarting ||
                              worker->state() == WorkerState::kDead) &&
                             !pool_->ever_ready();
  OnMalformed(worker, error.what);
  if (!other_program) return;
  // A restart would start the same program.
  pool_->Fail(Error{ErrorCode::kUsage,
                    program_ + " does not fit this program: " + error.what +
                        "; install both from the same build",
                    0});
}

void WorkerProtocol::OnLie(WorkerProcess* worker, const std::string& lie) {
  ++malformed_;
  KillReason reason{Reason::kCrash, true, "it answered with " + lie};
  reason.oldest_task = true;
  worker->Kill(std::move(reason));
}

void WorkerProtocol::OnMalformed(WorkerProcess* worker,
                                 const std::string& what) {
  ++malformed_;
  LogWarning(fmt::format(
      "worker {} (pid {}) broke the protocol: {}; the coordinator kills it",
      worker->worker(), worker->pid(), what));
  worker->Kill({Reason::kCrash, false, "it broke the protocol: " + what});
}

void WorkerProtocol::OnMessage(WorkerProcess* worker, const Ready& ready) {
  if (worker->state() == WorkerState::kDead) return;
  if (worker->state() != WorkerState::kStarting)
    return OnMalformed(worker, "a second READY");
  const pid_t pid = worker->pid();
  if (static_cast<pid_t>(ready.pid) != pid)
    return OnMalformed(worker, "a READY with the pid of another process");
  worker->watchdog() = Watchdog(pid);
  worker->watchdog().OnHeard(Now());
  worker->Move(WorkerState::kWelcomed);
  Welcome welcome = welcome_;
  welcome.worker = static_cast<std::uint32_t>(worker->worker());
  welcome.output_bytes = worker->output()->size_bytes();
  if (Send(worker, welcome)) Ask(worker);
}

void WorkerProtocol::OnMessage(WorkerProcess* worker, TaskResult& result) {
  on_result_(worker, &result);
}

void WorkerProtocol::OnMessage(WorkerProcess* worker,
                               const Heartbeat& heartbeat) {
  if (worker->asked() == 0 || heartbeat.token != worker->asked())
    return OnMalformed(worker, "a HEARTBEAT that nobody asked for");
  worker->set_asked(0);
  // The first answer shows that the worker has closed its sandbox. From here on
  // it sees images, and nothing that it does may end the run.
  if (worker->state() == WorkerState::kWelcomed) worker->OnReady();
}

void WorkerProtocol::OnMessage(WorkerProcess* worker, const Bye&) {
  if (worker->state() == WorkerState::kDead) return;
  if (worker->state() != WorkerState::kDraining)
    return OnMalformed(worker, "a BYE without a DRAIN");
  worker->Move(WorkerState::kLeaving);
}

}  // namespace thumbmill
