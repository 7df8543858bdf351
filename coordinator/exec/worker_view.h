// coordinator/exec/worker_view.h: shows workers to a status report, and sums
// their memory for the statistics of a run.
//
// Threads  one.
#pragma once

#include <cstdint>
#include <deque>

#include "common/bytes.h"
#include "common/clock.h"
#include "coordinator/exec/executor.h"
#include "coordinator/exec/lease_table.h"
#include "coordinator/exec/worker_process.h"

namespace thumbmill {

// Returns the state of one worker at the time `now`. `inputs` is the whole
// input region.
[[nodiscard]] WorkerNow ViewWorker(const WorkerProcess& worker,
                                   const LeaseTable& leases, ByteSpan inputs,
                                   TimePoint now);

struct MemorySample {
  std::uint64_t shared_bytes = 0;        // allocated blocks of output memfds
  std::uint64_t private_bytes = 0;       // of all workers at this moment
  std::uint64_t peak_private_bytes = 0;  // of the largest worker so far
};

class MemorySampler {
 public:
  // Returns the last sample; takes a new one if it is too old. A sample reads a
  // file of each worker in /proc.
  const MemorySample& Look(const std::deque<WorkerProcess>& workers,
                           TimePoint now);

 private:
  TimePoint sampled_{};
  MemorySample sample_;
};

}  // namespace thumbmill
