// coordinator/exec/oom_watch.h: tells whether the kernel killed a worker
// because memory ran out.
//
// The kernel does not tell which process it killed; it only counts. A SIGKILL
// that we did not send counts as an OOM kill if the kernel's count has risen in
// the last moments, and no other death has used up that rise. A person's
// `kill -9` in the same two seconds as an OOM kill elsewhere on the machine
// counts as an OOM kill, too: the image then loses an attempt that it should
// keep, but never a thumbnail.
//
// Threads  one.
// Units    `now` comes from the caller, who owns the clock.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "common/clock.h"

namespace thumbmill {

class OomWatch {
 public:
  // `count` returns the number of OOM kills so far. If it is empty, no death
  // counts as an OOM kill.
  explicit OomWatch(std::function<std::uint64_t()> count);

  // Call often; reads the count once a second. Kills that are older than the
  // last two readings no longer explain a death.
  void Look(TimePoint now);
  // Call when a worker died of SIGKILL. Returns true if an OOM kill explains
  // the death, and uses that kill up.
  [[nodiscard]] bool Claim();

 private:
  std::function<std::uint64_t()> count_;
  TimePoint looked_{};
  // Kills that cannot explain a new death: as of the last reading but one, and
  // as of the last reading.
  std::uint64_t before_ = 0, last_ = 0;
};

}  // namespace thumbmill
