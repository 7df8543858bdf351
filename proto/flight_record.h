// proto/flight_record.h: a note of the task and step that a worker is at, which
// outlives the worker. It is the first page of the worker's output region.
//
// The problem: one of a dead worker's tasks may have killed it, while the
// others only waited. A RESULT may still be under way when the death is seen.
// And nobody can ask a dead worker for its task. Before each step the worker
// therefore writes into memory that outlives it: the task that it works on, a
// mark of its input, and the phase.
//
// Threads  written by the worker, read by the coordinator; atomic words.
// Contract proto/PROTOCOL.md, "Flight record": a hint from a process that is
//          not trusted, used only to choose among that worker's own tasks.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

#include "common/bytes.h"
#include "proto/phase.h"
#include "proto/task.h"

namespace thumbmill {

struct FlightRecord {
  std::atomic<std::uint64_t> task_id;  // 0 between tasks
  std::atomic<std::uint64_t> input_mark;
  PhaseCell phase;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// Returns the record at the start of a worker's output region. New memory is
// zero, which is a valid record without a task.
inline FlightRecord* FlightRecordAt(std::uint8_t* region) {
  return reinterpret_cast<FlightRecord*>(region);
}

// Returns a mark that tells a worker's few inputs apart. It covers the length
// and the first 4 KiB, so that it costs a microsecond. It does not stop an
// attacker who wants two inputs to have the same mark.
[[nodiscard]] inline std::uint64_t InputMark(ByteSpan input) {
  constexpr std::size_t kLooked = 4096;
  constexpr std::uint64_t kPrime = 0x9E3779B185EBCA87;  // the same as in xxHash
  std::uint64_t mark = (input.size() + 1) * kPrime;
  const ByteSpan looked = input.first(std::min(input.size(), kLooked));
  for (std::size_t at = 0; at < looked.size(); at += sizeof mark) {
    std::uint64_t word = 0;
    std::memcpy(&word, looked.data() + at,
                std::min(sizeof word, looked.size() - at));
    mark = std::rotl((mark ^ word) * kPrime, 29);
  }
  return mark;
}

// Call before the first byte of the input is used for anything else. Stores the
// id last: it makes the record valid.
inline void NoteTask(FlightRecord* record, TaskId id, ByteSpan input) {
  record->phase.store(Phase::kHeader);
  record->input_mark.store(InputMark(input));
  record->task_id.store(id);
}

inline void NoteTaskDone(FlightRecord* record) {
  record->task_id.store(0);
  record->phase.store(Phase::kNone);
}

}  // namespace thumbmill
