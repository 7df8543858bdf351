#include "coordinator/exec/post_mortem.h"

#include <fmt/format.h>
#include <signal.h>

namespace thumbmill {
namespace {

// The image can have caused it: it counts as an attempt.
bool IsCharged(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGABRT:
    case SIGFPE:
    case SIGILL:
    case SIGSYS:
      return true;
    default:
      return false;
  }
}

}  // namespace

Cause FindCause(const WorkerDeath& death, const Doom* doom,
                const Evidence& evidence) {
  Cause cause;
  if (doom != nullptr) {
    cause.reason = doom->reason;
    cause.charged = doom->charged;
    cause.text = fmt::format("worker {} (pid {}) was ended: {}", death.worker,
                             death.pid, doom->why);
    return cause;
  }
  cause.signal = death.end.signal;
  cause.charged = IsCharged(cause.signal);
  cause.text = Describe(death);
  if (cause.signal == SIGKILL && evidence.out_of_memory) {
    cause.reason = Reason::kMemory;
    cause.charged = true;
    cause.text += " by the kernel, which had no memory left,";
    return cause;
  }
  if (cause.signal != SIGXCPU) return cause;
  // Anybody may send it; the limit that we set is another matter.
  cause.charged = evidence.cpu_used_up;
  if (cause.charged) cause.reason = Reason::kTooCostly;
  return cause;
}

Lost ReportLoss(TaskId id, bool running, Phase phase, const Cause& cause) {
  Lost lost;
  lost.id = id;
  lost.charged = running && cause.charged;
  lost.reason = cause.reason;
  lost.signal = cause.signal;
  lost.message = cause.text;
  if (!running) {
    lost.message += "; this image only waited for it";
    return lost;
  }
  lost.phase = ToWord(phase);
  if (!lost.phase.empty()) lost.message += " in " + lost.phase;
  return lost;
}

}  // namespace thumbmill
