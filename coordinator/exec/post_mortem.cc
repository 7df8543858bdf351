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
    case SIGXCPU:
      return true;
    default:
      return false;
  }
}

}  // namespace

Lost ReportLoss(TaskId id, bool running, Phase phase, const WorkerDeath& death,
                const Doom* doom) {
  Lost lost;
  lost.id = id;
  if (doom != nullptr) {
    lost.charged = running && doom->charged;
    lost.reason = doom->reason;
    lost.message = fmt::format("worker {} (pid {}) was ended: {}", death.worker,
                               death.pid, doom->why);
  } else {
    lost.signal = death.end.signal;
    lost.charged = running && IsCharged(lost.signal);
    lost.message = Describe(death);
    if (lost.signal == SIGXCPU) lost.reason = Reason::kTooCostly;
  }
  if (!running) {
    lost.message += "; this image only waited for it";
    return lost;
  }
  lost.phase = ToWord(phase);
  if (!lost.phase.empty()) lost.message += " in " + lost.phase;
  return lost;
}

}  // namespace thumbmill
