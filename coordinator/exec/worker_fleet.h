// coordinator/exec/worker_fleet.h: all worker processes of an executor, and the
// conversation with them. It starts, replaces and ends them; it knows nothing
// of tasks.
//
// Owns     the processes, their output memory, the socket.
// Runs in  the coordinator's main thread.
// Contract proto/PROTOCOL.md
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "common/result.h"
#include "common/shm/arena.h"
#include "coordinator/exec/process_executor.h"
#include "coordinator/exec/worker_process.h"
#include "coordinator/exec/worker_protocol.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/pool/worker_pool.h"

namespace thumbmill {

class WorkerFleet {
 public:
  struct Events {
    // Takes a RESULT, which may be that of a worker that has just died.
    std::function<void(WorkerProcess*, TaskResult*)> result;
    // Returns true if the dead worker has answered a task whose RESULT has not
    // come: the fleet then waits a moment for it.
    std::function<bool(const WorkerProcess&)> has_unread_result;
    // Called once for each process that has died, when no message of it can
    // come any more. Must call Forget().
    std::function<void(WorkerProcess*)> died;
    // Called once, when no worker can be kept alive.
    std::function<void(Error)> failed;
  };

  // `loop` and `inputs` must outlive the fleet. `inputs` may be null if it is
  // never started.
  WorkerFleet(EventLoop* loop, const Arena* inputs,
              const ProcessOptions& options,
              std::unique_ptr<RouterChannel> channel, Events events);

  [[nodiscard]] Status Start();
  // Asks all ready workers to exit, kills the others, and turns the loop until
  // all are gone or the drain limit is reached.
  void AskAllToExit();
  // Kills all workers that are left and closes the socket.
  void Stop();

  [[nodiscard]] std::deque<WorkerProcess>& workers() { return workers_; }
  [[nodiscard]] const std::deque<WorkerProcess>& workers() const {
    return workers_;
  }
  [[nodiscard]] WorkerProtocol& protocol() { return protocol_; }
  [[nodiscard]] const WorkerProtocol& protocol() const { return protocol_; }

  // Lets a ready worker exit; another process takes its place.
  void Replace(WorkerProcess* worker, const char* why);
  // Forgets a process that has died.
  void Forget(WorkerProcess* worker);

 private:
  Result<SpawnRequest> Prepare(std::size_t index);
  void OnDied(const WorkerDeath& death);

  EventLoop* loop_;
  const Arena* inputs_;
  const ProcessOptions options_;
  Events events_;
  // The dispatcher charges output ranges when it grants them. Charging the
  // memfd here would count the same bytes twice.
  MemoryBudget uncharged_;
  std::deque<WorkerProcess> workers_;
  WorkerProtocol protocol_;
  WorkerPool pool_;  // after the members that its events use
  bool logging_given_ = false;
};

}  // namespace thumbmill
