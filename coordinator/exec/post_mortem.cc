#include "coordinator/exec/post_mortem.h"

#include <fmt/format.h>
#include <signal.h>

#include "coordinator/net/retry_rules.h"

namespace thumbmill {
Cause FindCause(const WorkerDeath& death, const KillReason* kill,
                const Evidence& evidence) {
  Cause cause;
  if (kill != nullptr) {
    // The SIGKILL was ours: how the process ended does not tell why.
    cause.reason = kill->reason;
    cause.charged = kill->charged;
    cause.outside = kill->outside;
    cause.text = fmt::format("the coordinator killed worker {} (pid {})",
                             death.worker, death.pid);
    cause.why = kill->why;
    return cause;
  }
  cause.signal = death.end.signal;
  cause.charged = IsChargedSignal(cause.signal);
  cause.text = Describe(death);
  if (cause.signal == SIGKILL && evidence.out_of_memory) {
    cause.reason = Reason::kMemory;
    cause.charged = true;
    cause.why = "the kernel had no memory left";
    return cause;
  }
  // Anybody can send SIGXCPU. It is charged only if the worker had used up the
  // CPU time that we allowed.
  if (cause.signal == SIGXCPU && evidence.cpu_used_up) {
    cause.charged = true;
    cause.reason = Reason::kTooCostly;
    cause.why = "it used up its CPU time";
  }
  cause.outside = cause.signal != 0 && !cause.charged;
  return cause;
}

Lost ReportLoss(TaskId id, bool running, Phase phase, const Cause& cause) {
  Lost lost;
  lost.id = id;
  lost.running = running;
  lost.charged = running && cause.charged;
  lost.outside = cause.outside;
  lost.reason = cause.reason;
  lost.signal = cause.signal;
  if (running) lost.phase = ToString(phase);
  lost.message = cause.text;
  if (!lost.phase.empty()) lost.message += " in " + lost.phase;
  if (!cause.why.empty()) lost.message += ": " + cause.why;
  if (!running) lost.message += "; this image only waited in its queue";
  return lost;
}

}  // namespace thumbmill
