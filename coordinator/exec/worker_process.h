// coordinator/exec/worker_process.h: one worker and the process that it has
// now: the state of its life cycle, and its memory.
//
// A worker is a place that has one process after another. Reset() forgets the
// process; only the count of losses stays.
//
// Owns     the output memfd of the process, its watchdog, its timer.
// Runs in  the coordinator's main thread.
// Errors   a move that worker_state.h does not allow is a bug: CHECK.
// Contract proto/PROTOCOL.md, "Slots" and "Death".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "common/shm/arena.h"
#include "coordinator/exec/post_mortem.h"
#include "coordinator/exec/watchdog.h"
#include "coordinator/exec/worker_state.h"
#include "coordinator/loop/timer.h"
#include "coordinator/pool/worker_pool.h"
#include "proto/flight_record.h"

namespace thumbmill {

class OomWatch;

class WorkerProcess {
 public:
  // `loop` and `pool` must outlive the worker.
  WorkerProcess(std::size_t worker, EventLoop* loop, WorkerPool* pool)
      : worker_(worker), pool_(pool), timer_(loop) {}

  [[nodiscard]] std::size_t worker() const { return worker_; }
  // Returns the process id; 0 if there is no process.
  [[nodiscard]] pid_t pid() const { return pool_->pid(worker_); }
  [[nodiscard]] WorkerState state() const { return state_; }
  [[nodiscard]] bool ready() const { return IsReady(state_); }
  // Returns the routing id; empty if there is no process.
  [[nodiscard]] const std::string& id() const { return id_; }
  // Returns the output memory; null if there is no process.
  [[nodiscard]] Arena* output() const { return output_.get(); }
  // Returns the flight record; null if there is no process.
  [[nodiscard]] const FlightRecord* record() const;
  [[nodiscard]] Watchdog& watchdog() { return watchdog_; }
  [[nodiscard]] const Watchdog& watchdog() const { return watchdog_; }
  // Returns the timer of the state: each move cancels it.
  [[nodiscard]] Timer& timer() { return timer_; }
  // Returns the token of the HEARTBEAT that the process must answer; 0 if it
  // need answer none.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  void set_asked(std::uint64_t token) { asked_ = token; }
  // Returns the number of processes of this worker whose end was not planned.
  [[nodiscard]] std::uint64_t losses() const { return losses_; }

  // Makes the output memory and the routing id of a process that is to be
  // spawned. `layout` holds a slot more than the worker may have tasks: the
  // first one is for the flight record.
  [[nodiscard]] Status Prepare(const ArenaLayout& layout, MemoryBudget* budget);
  // Moves on after WELCOME, DRAIN, BYE, or when the connection is gone.
  void Move(WorkerState to);
  // Call when the process has closed its sandbox.
  void OnReady();
  // Call when the process gets a task.
  void OnTask();
  // Records whether the memory of the process has grown. A worker that has had
  // no task keeps its state.
  void MarkGrown(bool grown);
  // Kills the process, unless it has been killed or has ended.
  void Kill(KillReason reason);
  // Call when the process has been reaped.
  void OnDied(const WorkerDeath& death);
  // Forgets the process. Its output memory is free after that.
  void Reset();

  // Returns true if we have killed the process: its messages no longer count.
  [[nodiscard]] bool killed() const { return kill_reason_.has_value(); }
  // Returns true if Kill() was told that the oldest task is at fault.
  [[nodiscard]] bool oldest_task_lied() const {
    return kill_reason_ && kill_reason_->oldest_task;
  }
  // Returns why the process ended. `cpu_limit` is the sum of the CPU limits of
  // its tasks. Requires the state kDead.
  [[nodiscard]] Cause CauseOfDeath(Millis cpu_limit, OomWatch* oom) const;

 private:
  const std::size_t worker_;
  WorkerPool* const pool_;
  WorkerState state_ = WorkerState::kAbsent;
  Timer timer_;
  std::string id_;
  std::unique_ptr<Arena> output_;
  SlotLease record_slot_;  // after output_: it must go first
  Watchdog watchdog_;
  std::uint64_t asked_ = 0;
  std::optional<KillReason> kill_reason_;  // set by Kill()
  WorkerDeath death_;                      // set by OnDied()
  std::uint64_t losses_ = 0;
};

}  // namespace thumbmill
