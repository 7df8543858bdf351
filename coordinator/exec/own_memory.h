// coordinator/exec/own_memory.h: checks whether this process holds more memory
// than it accounts for.
//
// The problem: a ZeroMQ message may have any number of frames, and libzmq holds
// them all until the last one has come. libzmq limits the size of a frame and
// the number of whole messages, but not the number of frames. A worker that was
// taken over can send frames without end; the coordinator's memory then grows
// by about 100 MB a second, charged to nobody.
//
// The idea: every tick the coordinator reads the memory of its own process. It
// cannot see which worker is the cause, so it kills all workers that have got a
// task, and runs their tasks again one by one.
//
// Threads  one.
#pragma once

#include <cstdint>
#include <functional>

#include "common/clock.h"

namespace thumbmill {

class OwnMemory {
 public:
  // `accounted` returns the private bytes that others hold and have charged. If
  // it is empty, IsTooMuch() is always false.
  explicit OwnMemory(std::function<std::uint64_t()> accounted);

  // Call in each tick. Returns true if the process holds too much; the caller
  // must then kill the workers. Judges nothing while the memory of dead workers
  // is being freed, and calls Settle() after that.
  [[nodiscard]] bool Check(TimePoint now);
  // Returns true if the process holds more than the accounted bytes plus the
  // memory that the coordinator may need.
  [[nodiscard]] bool IsTooMuch() const;
  // Call when the workers are gone. Returns free memory to the system. The
  // memory that stays is allowed from now on.
  void Settle();

 private:
  [[nodiscard]] std::uint64_t Unaccounted() const;

  std::function<std::uint64_t()> accounted_;
  std::uint64_t most_;
  TimePoint settles_{};  // when Settle() is due; 0 if it is not
};

}  // namespace thumbmill
