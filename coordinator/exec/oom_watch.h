// coordinator/exec/oom_watch.h: was a SIGKILL that we did not send the
// kernel's, for want of memory?
//
// The kernel tells no one whom it ended, but counts. A death is laid to it when
// the count has risen within the last moments by more than the deaths that were
// laid to it already. A person's `kill -9` in the same two seconds as an OOM
// kill elsewhere on the machine is taken for one: the image loses an attempt
// that it should not, never a thumbnail.
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
  // How many kills there were, ever. Empty: nobody tells, nothing is laid to
  // the kernel.
  explicit OomWatch(std::function<std::uint64_t()> count);

  // Now and then: what is older than two of these no longer counts.
  void Look(TimePoint now);
  // A worker died of SIGKILL. True: of the kernel's, which is used up by that.
  [[nodiscard]] bool Claim();

 private:
  std::function<std::uint64_t()> count_;
  TimePoint looked_{};
  // What is accounted for: as of the look before the last one; as of the last.
  std::uint64_t before_ = 0, last_ = 0;
};

}  // namespace thumbmill
