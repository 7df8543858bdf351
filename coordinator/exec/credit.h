// coordinator/exec/credit.h: how many tasks a worker may hold, the one that it
// works on included.
//
// Work for some milliseconds waits at each worker, so that it never waits for
// the coordinator; not more, so that all workers end at the same time. Short
// tasks come several at a time: each wake-up of a thread of ZeroMQ costs some
// 40 us (perf, of photographs).
//
// Contract proto/PROTOCOL.md, "Credit".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

constexpr std::uint64_t kHugePeak = 64 << 20;
constexpr std::size_t kCreditMost = 8;
constexpr std::size_t kCreditLeast = 2;
// Expected work of all that a worker holds.
constexpr Micros kEnoughWork{24'000};

struct Held {
  std::size_t tasks = 0;
  std::uint64_t largest_peak = 0;  // predicted bytes
  Micros expected{0};              // of all
};

// One worker's.
class Credit {
 public:
  // How many more it may get.
  [[nodiscard]] std::size_t Of(const Held& held) const {
    if (held.largest_peak >= kHugePeak) return held.tasks == 0 ? 1 : 0;
    if (held.tasks < kCreditLeast) return kCreditLeast - held.tasks;
    if (!filling_ || held.expected >= kEnoughWork) return 0;
    return kCreditMost - std::min(kCreditMost, held.tasks);
  }
  // After each change of what it holds.
  void Update(const Held& held) {
    if (held.tasks <= kCreditMost / 2 && held.expected <= kEnoughWork / 2)
      filling_ = true;
    else if (Of(held) == 0)
      filling_ = false;
  }

 private:
  bool filling_ = true;  // from half of what is enough until it has that
};

}  // namespace thumbmill
