// coordinator/pool/worker_pool.h: starts, watches, restarts and stops a fixed
// number of worker processes. It knows nothing of messages.
//
// Owns     the processes and their pidfds: each is reaped, none is left behind.
// Runs in  the coordinator's main thread (PDEATHSIG follows the thread).
// Errors   Start() fails if the program cannot be started at all. If no worker
//          can be kept alive later, the pool calls Events::failed, once.
// Contract proto/PROTOCOL.md, "Timeouts" and "Death".
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "common/clock.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/timer.h"
#include "coordinator/pool/spawn.h"
#include "coordinator/pool/start_history.h"
#include "coordinator/pool/stderr_relay.h"

namespace thumbmill {

struct PoolOptions {
  std::size_t workers = 1;
  // Longest time from spawn to MarkReady(). A run also waits at most so long
  // for its first worker to be ready.
  Millis ready_deadline{5000};
  // Wait before a worker that died without MarkUsed() is restarted; each
  // further such death doubles it, up to last_backoff.
  Millis first_backoff{50};
  Millis last_backoff{5000};
  // Failed starts of one worker in a row after which the pool fails, if no
  // other worker is ready.
  int failed_starts = 3;
  // The same for workers that were killed from outside before they were ready
  // (by an administrator, or because memory ran out): that says little about
  // the program.
  int killed_starts = 20;
};

struct WorkerDeath {
  std::size_t worker = 0;
  pid_t pid = 0;
  ProcessEnd end;
  bool was_ready = false;
  bool by_us = false;  // Kill() was called first
};

// Returns "worker 2 (pid 4711) died of SIGSEGV" or "… exited with code 3".
[[nodiscard]] std::string Describe(const WorkerDeath& death);
// Returns "SIGSEGV" for 11; "signal 64" if the signal has no name.
[[nodiscard]] std::string SignalWord(int signal);

class WorkerPool {
 public:
  struct Events {
    // Returns the program to start as this worker; called before each start.
    std::function<Result<SpawnRequest>(std::size_t worker)> prepare;
    // Called when a process has been reaped. The pool keeps nothing of it.
    std::function<void(const WorkerDeath&)> died;
    // Called once, when no worker can be kept alive.
    std::function<void(Error)> failed;
  };

  WorkerPool(EventLoop* loop, const PoolOptions& options, Events events);
  // Kills and reaps the processes that are left.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Starts all workers. If one cannot be started, kills the others and fails.
  [[nodiscard]] Status Start();
  // Call when the worker is ready for tasks: its start has not failed.
  void MarkReady(std::size_t worker);
  // Call when the worker gets a task. A death after that does not delay the
  // restart, since the task may have killed it.
  void MarkUsed(std::size_t worker);
  // Sends SIGKILL; Events::died follows when the process has been reaped.
  void Kill(std::size_t worker);
  // Call together with sending DRAIN. Kills the worker if it has not exited
  // within `limit`. In either case a replacement starts at once.
  void Retire(std::size_t worker, Millis limit);
  // Returns 0 if the worker has no process now.
  [[nodiscard]] pid_t pid(std::size_t worker) const;
  // Returns the number of processes that have not been reaped.
  [[nodiscard]] std::size_t alive() const;
  // Returns true if a worker of this run was ready once: the program fits this
  // one and can be set up.
  [[nodiscard]] bool ever_ready() const { return ever_ready_; }

  // Restarts no worker from now on.
  void StopRestarting();
  // Sends SIGKILL to all, and waits until all are reaped. `died` is called for
  // each.
  void KillAll();
  // Fails the pool, as if no worker could be kept alive: kills all workers and
  // posts Events::failed to the loop.
  void Fail(Error error);

 private:
  struct Worker {
    explicit Worker(EventLoop* loop) : timer(loop) {}
    SpawnedProcess process;
    std::unique_ptr<StderrRelay> stderr_relay;
    bool alive = false;
    bool ready = false;
    bool by_us = false;
    bool retired = false;
    bool used = false;
    StartHistory history;
    Timer timer;  // for the ready deadline, Retire()'s limit, or a restart
  };
  [[nodiscard]] Status Launch(std::size_t worker);
  void Restart(std::size_t worker);
  void OnNotReady(std::size_t worker);
  // Returns false if the process has not ended.
  bool Reap(std::size_t worker);
  void AwaitKilled(std::size_t worker);
  void CountDeath(const WorkerDeath& death);
  void ScheduleRestart(std::size_t worker, const std::string& how);

  EventLoop* loop_;
  PoolOptions options_;
  Events events_;
  std::deque<Worker> workers_;
  bool restarting_ = true;
  bool ever_ready_ = false;
  bool failed_ = false;
  // Posted callbacks hold this weakly and do nothing after destruction.
  CallbackGuard guard_;
};

}  // namespace thumbmill
