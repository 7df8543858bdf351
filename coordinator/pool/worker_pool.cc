#include "coordinator/pool/worker_pool.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
extern "C" {  // glibc 2.36 omits this in its header
#include <sys/pidfd.h>
}
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/check.h"
#include "common/log.h"

namespace thumbmill {
namespace {

constexpr int kKillLimitMs = 5000;

// glibc's waitid() does not return the usage, so this calls the kernel's.
long AwaitEnd(int pidfd, siginfo_t* info, rusage* usage) {
  return syscall(SYS_waitid, P_PIDFD, pidfd, info, WEXITED | WNOHANG, usage);
}

// Kills and reaps a process that the loop cannot watch.
void EndUnwatched(int pidfd) {
  pidfd_send_signal(pidfd, SIGKILL, nullptr, 0);
  pollfd ended{pidfd, POLLIN, 0};
  while (poll(&ended, 1, kKillLimitMs) < 0 && errno == EINTR) {
  }
  siginfo_t info{};
  (void)AwaitEnd(pidfd, &info, nullptr);
}

Micros ToMicros(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + Micros(time.tv_usec);
}

ProcessEnd EndOf(const siginfo_t& info, const rusage& usage) {
  ProcessEnd end;
  end.cpu_time = ToMicros(usage.ru_utime) + ToMicros(usage.ru_stime);
  if (info.si_code == CLD_EXITED)
    end.exit_code = info.si_status;
  else
    end.signal = info.si_status;
  return end;
}

}  // namespace

std::string SignalWord(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name)
                         : fmt::format("signal {}", signal);
}

std::string Describe(const WorkerDeath& death) {
  const std::string who =
      fmt::format("worker {} (pid {})", death.worker, death.pid);
  if (death.end.signal == 0)
    return fmt::format("{} exited with code {}", who, death.end.exit_code);
  return fmt::format("{} died of {}", who, SignalWord(death.end.signal));
}

WorkerPool::WorkerPool(EventLoop* loop, const PoolOptions& options,
                       Events events)
    : loop_(loop), options_(options), events_(std::move(events)) {
  CHECK(options.workers > 0);
  for (std::size_t i = 0; i < options.workers; ++i) workers_.emplace_back(loop);
}

WorkerPool::~WorkerPool() {
  // The owner is being destroyed: it must get no more events.
  events_.died = [](const WorkerDeath&) {};
  KillAll();
}

Status WorkerPool::Start() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Status launched = Launch(i);
    if (launched) continue;
    KillAll();
    return launched;
  }
  return {};
}

Status WorkerPool::Launch(std::size_t worker) {
  ASSIGN_OR_RETURN(SpawnRequest request, events_.prepare(worker));
  ASSIGN_OR_RETURN(auto stderr_relay, StderrRelay::Create(loop_));
  request.error_output = stderr_relay->write_end();
  ASSIGN_OR_RETURN(SpawnedProcess process, Spawn(request));
  const int pidfd = process.pidfd.get();
  Status watched = stderr_relay->Begin(
      fmt::format("worker {} (pid {})", worker, process.pid));
  if (watched)
    watched = loop_->Watch(
        pidfd, EPOLLIN, [this, worker](std::uint32_t) { (void)Reap(worker); });
  if (!watched) {
    EndUnwatched(pidfd);
    return watched;
  }
  Worker& w = workers_[worker];
  w.process = std::move(process);
  w.stderr_relay = std::move(stderr_relay);
  w.alive = true;
  w.ready = w.by_us = w.retired = false;
  w.timer.Set(options_.ready_deadline, [this, worker] { OnNotReady(worker); });
  return {};
}

void WorkerPool::Restart(std::size_t worker) {
  const Status launched = Launch(worker);
  // A later start may work: this one may have failed for EAGAIN or ENOMEM, or
  // while the program was being replaced.
  if (launched) return;
  workers_[worker].history.OnFailedStart();
  ScheduleRestart(worker, launched.error().what);
}

void WorkerPool::MarkReady(std::size_t worker) {
  Worker& w = workers_[worker];
  w.ready = ever_ready_ = true;
  w.history.OnReady();
  w.timer.Cancel();
}

void WorkerPool::MarkUsed(std::size_t worker) {
  workers_[worker].used = true;
  workers_[worker].history.OnUsed();
}

void WorkerPool::OnNotReady(std::size_t worker) {
  LogWarning(fmt::format("worker {} (pid {}) was not ready within {} ms",
                         worker, workers_[worker].process.pid,
                         options_.ready_deadline.count()));
  // The death will count as a failed start.
  if (ever_ready_) return Kill(worker);
  Fail(Error{ErrorCode::kUnavailable,
             fmt::format("no worker was ready within {} ms",
                         options_.ready_deadline.count()),
             0});
}

void WorkerPool::Kill(std::size_t worker) {
  Worker& w = workers_[worker];
  if (!w.alive) return;
  // CountDeath() must not count this as a kill from outside.
  w.by_us = true;
  // A pidfd, unlike a pid, cannot name another process.
  pidfd_send_signal(w.process.pidfd.get(), SIGKILL, nullptr, 0);
}

void WorkerPool::Retire(std::size_t worker, Millis limit) {
  Worker& w = workers_[worker];
  if (!w.alive) return;
  w.retired = true;
  w.timer.Set(limit, [this, worker] { Kill(worker); });
}

pid_t WorkerPool::pid(std::size_t worker) const {
  const Worker& w = workers_[worker];
  return w.alive ? w.process.pid : 0;
}

std::size_t WorkerPool::alive() const {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [](const Worker& w) { return w.alive; }));
}

bool WorkerPool::Reap(std::size_t worker) {
  Worker& w = workers_[worker];
  siginfo_t info{};
  rusage usage{};
  const long result = AwaitEnd(w.process.pidfd.get(), &info, &usage);
  if (result == 0 && info.si_pid == 0) return false;
  // ECHILD is impossible, since nobody else reaps the process. If it came, the
  // process would be gone all the same.
  loop_->Unwatch(w.process.pidfd.get());
  w.timer.Cancel();
  const WorkerDeath death{worker, w.process.pid, EndOf(info, usage), w.ready,
                          w.by_us};
  w.alive = w.ready = false;
  w.process = {};
  w.stderr_relay.reset();  // logs its last lines
  events_.died(death);
  CountDeath(death);
  ScheduleRestart(worker, Describe(death) + " before it was ready");
  return true;
}

void WorkerPool::CountDeath(const WorkerDeath& death) {
  if (death.was_ready) return;
  Worker& w = workers_[death.worker];
  // A SIGKILL that we did not send came from an administrator or the kernel.
  const bool from_outside = death.end.signal == SIGKILL && !death.by_us;
  if (from_outside)
    w.history.OnKilledStart();
  else
    w.history.OnFailedStart();
}

void WorkerPool::ScheduleRestart(std::size_t worker, const std::string& how) {
  Worker& w = workers_[worker];
  if (!restarting_) return;
  // A retired worker exits as it should, and a used one may have been killed by
  // its task: neither is a failed start, so both restart at once.
  const bool used = std::exchange(w.used, false);
  if (std::exchange(w.retired, false) || used) {
    w.timer.Set(Millis(0), [this, worker] { Restart(worker); });
    return;
  }
  const Millis wait =
      w.history.NextBackoff(options_.first_backoff, options_.last_backoff);
  // While another worker is ready the run can go on: wait and try again.
  const bool any_ready =
      std::any_of(workers_.begin(), workers_.end(),
                  [](const Worker& each) { return each.alive && each.ready; });
  if (!any_ready &&
      w.history.IsHopeless(options_.failed_starts, options_.killed_starts))
    return Fail(
        Error{ErrorCode::kUnavailable, "no worker can be started: " + how, 0});
  w.timer.Set(wait, [this, worker] { Restart(worker); });
}

void WorkerPool::StopRestarting() {
  restarting_ = false;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    // The timer of a worker without a process is its restart.
    if (!workers_[i].alive) workers_[i].timer.Cancel();
}

void WorkerPool::KillAll() {
  StopRestarting();
  for (std::size_t i = 0; i < workers_.size(); ++i) Kill(i);
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (workers_[i].alive) AwaitKilled(i);
}

// Waits for a killed process. It ends within milliseconds, unless the kernel
// itself hangs.
void WorkerPool::AwaitKilled(std::size_t worker) {
  Worker& w = workers_[worker];
  pollfd ended{w.process.pidfd.get(), POLLIN, 0};
  while (poll(&ended, 1, kKillLimitMs) < 0 && errno == EINTR) {
  }
  if (Reap(worker)) return;
  LogError(fmt::format(
      "worker {} (pid {}) does not end after SIGKILL; it is left running",
      worker, w.process.pid));
  loop_->Unwatch(w.process.pidfd.get());
  w.timer.Cancel();
}

void WorkerPool::Fail(Error error) {
  if (std::exchange(failed_, true)) return;
  StopRestarting();
  for (std::size_t i = 0; i < workers_.size(); ++i) Kill(i);
  // Calls the event from the loop, because the caller of Fail() may hold
  // references to objects that the event destroys.
  loop_->Post(
      guard_.Wrap([this, error = std::move(error)] { events_.failed(error); }));
}

}  // namespace thumbmill
