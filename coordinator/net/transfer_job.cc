#include "coordinator/net/transfer_job.h"

#include <utility>

namespace thumbmill {

Micros Job::Running(TimePoint now) const {
  const TimePoint until = paused_since.value_or(now);
  return std::chrono::duration_cast<Micros>(until - started) - paused;
}

void Job::Pause() {
  if (!paused_since) paused_since = Now();
}

void Job::EndPause() {
  if (!paused_since) return;
  paused += std::chrono::duration_cast<Micros>(Now() - *paused_since);
  paused_since.reset();
}

void Job::CountSpeed(std::uint64_t size) {
  const Micros now = Running(Now());
  if (!hop.speed) {
    hop.speed_start = now;
    hop.speed.emplace(options->min_speed_window);
  }
  hop.speed->Add(now - hop.speed_start, size);
}

TransferResult MakeResult(Reason reason, std::string message) {
  TransferResult result;
  result.reason = reason;
  result.message = std::move(message);
  return result;
}

}  // namespace thumbmill
