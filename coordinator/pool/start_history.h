// coordinator/pool/start_history.h: counts how the starts of one worker went,
// and decides when and whether to start it again.
//
// Contract proto/PROTOCOL.md, "Timeouts" and "Death".
#pragma once

#include <algorithm>

#include "common/clock.h"

namespace thumbmill {

class StartHistory {
 public:
  // Call when the worker is ready: its start has not failed.
  void OnReady() { failed_ = killed_ = 0; }
  // Call when the worker gets a task.
  void OnUsed() { deaths_ = 0; }
  // Call when the worker could not be started, or ended before it was ready.
  void OnFailedStart() { ++failed_; }
  // Call when somebody else killed the worker before it was ready: that says
  // little about the program.
  void OnKilledStart() { ++killed_; }

  // Returns true if that many starts in a row have failed, or were killed.
  [[nodiscard]] bool IsHopeless(int most_failed, int most_killed) const {
    return failed_ >= most_failed || killed_ >= most_killed;
  }
  // Counts a death of a worker that had no task, and returns the wait before
  // the next start. Each further such death doubles it, from `first` to `last`.
  [[nodiscard]] Millis NextBackoff(Millis first, Millis last) {
    // More doublings would overflow; `last` is reached long before.
    constexpr int kMaxDoublings = 16;
    const int doublings = std::min(deaths_++, kMaxDoublings);
    return std::min(first * (1 << doublings), last);
  }

 private:
  int failed_ = 0;  // since it last was ready
  int killed_ = 0;  // since it last was ready
  int deaths_ = 0;  // since it last was used
};

}  // namespace thumbmill
