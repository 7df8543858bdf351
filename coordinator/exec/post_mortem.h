// coordinator/exec/post_mortem.h: what the end of a worker means for each of
// the tasks that it held.
//
// Contract proto/PROTOCOL.md, "Death".
#pragma once

#include <string>

#include "coordinator/exec/executor.h"
#include "coordinator/pool/worker_pool.h"
#include "proto/phase.h"

namespace thumbmill {

// Why we end a worker, decided before it is killed.
struct Doom {
  Reason reason = Reason::kCrash;
  bool charged = false;
  std::string why;
  bool outside = false;  // somebody else had stopped it
};

// What is known beside the death itself.
struct Evidence {
  // It had computed for as long as its tasks may.
  bool cpu_used_up = false;
  // The kernel has just ended a process for want of memory.
  bool out_of_memory = false;
};

// Why a worker ended, and whether the image at work can have caused it.
struct Cause {
  Reason reason = Reason::kCrash;
  bool charged = false;
  bool outside = false;  // it looks like somebody else's hand
  int signal = 0;        // that ended it; 0: it exited, or we ended it
  std::string text;      // "worker 2 (pid 4711) died of SIGSEGV"
};

// `doom` is null where it died by itself, or by somebody else's hand.
[[nodiscard]] Cause FindCause(const WorkerDeath& death, const Doom* doom,
                              const Evidence& evidence);

// `running`: the worker was at this task, in `phase` as far as known; else it
// only waited.
[[nodiscard]] Lost ReportLoss(TaskId id, bool running, Phase phase,
                              const Cause& cause);

}  // namespace thumbmill
