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
};

// `doom` is null where it died by itself, or by somebody else's hand.
// `running`: the worker was at this task, in `phase` as far as known; else it
// only waited.
[[nodiscard]] Lost ReportLoss(TaskId id, bool running, Phase phase,
                              const WorkerDeath& death, const Doom* doom);

}  // namespace thumbmill
