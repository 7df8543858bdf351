// coordinator/exec/own_memory.h: has this process come to hold more memory than
// it accounts for?
//
// The problem: a ZeroMQ message may have any number of frames, and libzmq holds
// them all until the last one has come: its bounds are for each frame and for
// whole messages. A worker gone bad sends frames without end, and the memory of
// the coordinator grows by some 100 MB a second, charged to nobody.
//
// The idea: the sum is looked at from outside, every tick. Who causes it cannot
// be seen, so all workers at work are ended, and what they ran runs one by one.
//
// Threads  one.
#pragma once

#include <cstdint>
#include <functional>

namespace thumbmill {

class OwnMemory {
 public:
  // `accounted`: private bytes that others hold and have charged. Empty: it is
  // never too much.
  explicit OwnMemory(std::function<std::uint64_t()> accounted);

  // Is there more than accounted for, and than the coordinator may need?
  [[nodiscard]] bool IsTooMuch() const;
  // Whoever caused it is gone: gives back what is free. What cannot be given
  // back is allowed from now on.
  void Settle();

 private:
  [[nodiscard]] std::uint64_t Unaccounted() const;

  std::function<std::uint64_t()> accounted_;
  std::uint64_t most_;
};

}  // namespace thumbmill
