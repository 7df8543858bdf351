// coordinator/pool/worker_pool.h: starts, watches, restarts and stops a fixed
// number of worker processes. Knows nothing of messages.
//
// Owns     the processes and their pidfds: each is reaped, none is left behind.
// Runs in  the coordinator's main thread (PDEATHSIG follows the thread).
// Errors   Start() fails when the program cannot be started at all. Later, when
//          no worker can be kept alive, Events::failed says so, once.
// Contract proto/PROTOCOL.md, "Timeouts" and "Death".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/pool/spawn.h"
#include "coordinator/pool/stderr_relay.h"

namespace thumbmill {

struct PoolOptions {
  std::size_t workers = 1;
  // From spawn to MarkReady(). Also how long a run waits for its first worker
  // to be ready.
  Millis ready_deadline{5000};
  // After a death without MarkUsed(), doubled by each further one.
  Millis first_backoff{50};
  Millis last_backoff{5000};
  // In a row, of one worker, while no other is ready: the pool has failed.
  int failed_starts = 3;
  // As many where it was killed from outside (by an administrator, or for want
  // of memory) before it was ready: that says little about the program.
  int killed_starts = 20;
};

struct WorkerDeath {
  std::size_t worker = 0;
  pid_t pid = 0;
  ProcessEnd end;
  bool was_ready = false;
  bool by_us = false;  // Kill() was called first
};

// "worker 2 (pid 4711) died of SIGSEGV", "… exited with code 3".
[[nodiscard]] std::string Describe(const WorkerDeath& death);
[[nodiscard]] std::string SignalWord(int signal);

class WorkerPool {
 public:
  struct Events {
    // What to start as worker number so-and-so; called before each start.
    std::function<Result<SpawnRequest>(std::size_t worker)> prepare;
    // Reaped. Nothing of the process is left but what others hold.
    std::function<void(const WorkerDeath&)> died;
    std::function<void(Error)> failed;
  };

  WorkerPool(EventLoop* loop, const PoolOptions& options, Events events);
  // Kills and reaps what is left.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] Status Start();
  // It has introduced itself: no failed start.
  void MarkReady(std::size_t worker);
  // It was given a task: another takes its place at once when it dies, since
  // the task may have killed it.
  void MarkUsed(std::size_t worker);
  // SIGKILL; the death is reported when it has been reaped.
  void Kill(std::size_t worker);
  // It was asked to end and does so within `limit`, or is killed: no death of
  // its own. Another takes its place at once.
  void Retire(std::size_t worker, Millis limit);
  // 0: no process now.
  [[nodiscard]] pid_t pid(std::size_t worker) const;
  [[nodiscard]] std::size_t alive() const;
  // A worker of this run was ready once: the program fits and can be set up.
  [[nodiscard]] bool ever_ready() const { return ever_ready_; }

  // From here on a death is final.
  void StopRestarting();
  // SIGKILL to all and waits until all are reaped; `died` is called for each.
  void KillAll();
  // For the loop: fails the pool, as when no worker can be kept alive.
  void Fail(Error error);

 private:
  struct Worker {
    SpawnedProcess process;
    std::unique_ptr<StderrRelay> words;  // that it writes to its stderr
    bool alive = false;
    bool ready = false;
    bool by_us = false;
    bool retired = false;
    bool used = false;
    int failed_starts = 0;  // in a row
    int killed_starts = 0;  // since it last was ready
    int deaths = 0;         // since it last was used
    // Ready deadline, end of a retired one, or restart.
    EventLoop::TimerId timer = 0;
  };
  [[nodiscard]] Status Launch(std::size_t worker);
  void Restart(std::size_t worker);
  void OnNotReady(std::size_t worker);
  // False: it has not ended.
  bool Reap(std::size_t worker);
  void AwaitKilled(std::size_t worker);
  void CountDeath(const WorkerDeath& death);
  void TryAgain(std::size_t worker, const std::string& how);
  void Disarm(std::size_t worker);
  [[nodiscard]] bool AnyReady() const;
  [[nodiscard]] Millis Backoff(int deaths) const;

  EventLoop* loop_;
  PoolOptions options_;
  Events events_;
  std::vector<Worker> workers_;
  bool restarting_ = true;
  bool ever_ready_ = false;
  bool failed_ = false;
  // Handed to what the loop may call after this object is gone.
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace thumbmill
