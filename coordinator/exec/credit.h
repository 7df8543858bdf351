// coordinator/exec/credit.h: decides how many tasks a worker may hold,
// including the one that it works on.
//
// Each worker holds work for some milliseconds, so that it never waits for the
// coordinator. It holds no more than that, so that all workers finish at the
// same time. Short tasks are sent several at a time, because each wake-up of a
// ZeroMQ thread costs about 40 us (measured with perf on photographs).
//
// Contract proto/PROTOCOL.md, "Credit".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

// Predicted bytes from which on a task is the only one that its worker holds.
constexpr std::uint64_t kHugePeak = 64 << 20;
constexpr std::size_t kCreditMost = 8;
constexpr std::size_t kCreditLeast = 2;
// Expected work of all tasks of a worker at which it gets no more.
constexpr Micros kEnoughWork{24'000};

struct Held {
  std::size_t tasks = 0;
  std::uint64_t largest_peak = 0;  // predicted bytes of the largest task
  Micros expected{0};              // of all tasks together
};

// Credit of one worker.
class Credit {
 public:
  // Returns how many more tasks the worker may get.
  [[nodiscard]] std::size_t Available(const Held& held) const {
    if (held.largest_peak >= kHugePeak) return held.tasks == 0 ? 1 : 0;
    if (held.tasks < kCreditLeast) return kCreditLeast - held.tasks;
    if (!filling_ || held.expected >= kEnoughWork) return 0;
    return kCreditMost - std::min(kCreditMost, held.tasks);
  }
  // Call after each change of the tasks that the worker holds.
  void Update(const Held& held) {
    if (held.tasks <= kCreditMost / 2 && held.expected <= kEnoughWork / 2)
      filling_ = true;
    else if (Available(held) == 0)
      filling_ = false;
  }

 private:
  // True from the moment when half of the work is done until the worker has its
  // full credit again: tasks are then sent several at a time.
  bool filling_ = true;
};

}  // namespace thumbmill
