// proto/flight_record.h: the first page of a worker's output region.
//
// The problem: of a dead worker's tasks, one may have killed it and others only
// waited; a RESULT may still be under way when the death is seen. The worker
// therefore leaves the id of the task it works on where it outlives it.
//
// Threads  written by the worker, read by the coordinator; one atomic word.
// Contract proto/PROTOCOL.md, "Slots": a hint from a process that is not
//          trusted, used to choose among that worker's own tasks only.
#pragma once

#include <atomic>
#include <cstdint>

namespace thumbmill {

struct FlightRecord {
  std::atomic<std::uint64_t> task_id;  // 0: between tasks
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// The region's memory starts as zeros: a valid record without a task.
inline FlightRecord* FlightRecordAt(std::uint8_t* region) {
  return reinterpret_cast<FlightRecord*>(region);
}

}  // namespace thumbmill
