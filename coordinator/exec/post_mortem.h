// coordinator/exec/post_mortem.h: finds why a worker ended, and whether that
// counts against a task that it held.
//
// Contract proto/PROTOCOL.md, "Death".
#pragma once

#include <string>

#include "coordinator/exec/executor.h"
#include "coordinator/pool/worker_pool.h"
#include "proto/phase.h"

namespace thumbmill {

// Why we kill a worker; decided before the kill.
struct KillReason {
  Reason reason = Reason::kCrash;
  bool charged = false;
  std::string why;
  bool outside = false;     // the cause seems to lie outside of its task
  bool end_of_run = false;  // no worker is needed any more
  // The oldest task is at fault: its RESULT is a lie. The worker may have noted
  // the next task meanwhile.
  bool oldest_task = false;
};

// Facts that the process's end does not tell.
struct Evidence {
  // The worker had computed for as long as all its tasks may.
  bool cpu_used_up = false;
  // The kernel has just killed a process because memory ran out.
  bool out_of_memory = false;
};

// Why a worker ended, and whether the image at work can be the cause.
struct Cause {
  Reason reason = Reason::kCrash;
  bool charged = false;
  bool outside = false;  // somebody else seems to be the cause
  int signal = 0;        // that ended it; 0 if it exited or we killed it
  std::string text;      // "worker 2 (pid 4711) died of SIGSEGV"
  std::string why;       // "the kernel had no memory left"; may be empty
};

// Returns the cause of a death. `kill` is null if we did not kill the worker.
[[nodiscard]] Cause FindCause(const WorkerDeath& death, const KillReason* kill,
                              const Evidence& evidence);

// Returns the report for one task. `running` is true if the worker worked on
// this task, in `phase` as far as known; false if the task only waited.
[[nodiscard]] Lost ReportLoss(TaskId id, bool running, Phase phase,
                              const Cause& cause);

}  // namespace thumbmill
