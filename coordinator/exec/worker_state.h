// coordinator/exec/worker_state.h: the states of a worker on its life cycle,
// and the legal moves between them.
//
//   absent -> starting -> welcomed -> fresh -> used <-> grown
//     ^                                 |       |         |
//     |                                 +--> draining <---+
//     |                                           |
//     +------------- dead <------------------- leaving
//
// A process can die in every state: each one but `absent` may move to `dead`.
// While it lives, the executor may kill it, and its connection may break.
//
// Contract proto/PROTOCOL.md; the unit test tries every pair.
#pragma once

#include <cstdint>

namespace thumbmill {

enum class WorkerState : std::uint8_t {
  kAbsent,       // has no process
  kStarting,     // is being spawned; its READY is awaited
  kWelcomed,     // has its WELCOME; it closes its sandbox
  kFresh,        // is ready, and has had no task
  kUsed,         // is ready, and has had a task
  kGrown,        // as kUsed, but its memory has grown: gets no further task
  kDraining,     // has DRAIN; its BYE is awaited
  kLeaving,      // has sent BYE and exits
  kUnreachable,  // its connection is gone; it has a moment to die
  kKilled,       // has got SIGKILL from us
  kDismissed,    // the same, after DRAIN or at the end of a run: no loss
  kDead,         // has been reaped; its losses are not reported yet
};
constexpr int kWorkerStates = static_cast<int>(WorkerState::kDead) + 1;

[[nodiscard]] const char* ToString(WorkerState state);
[[nodiscard]] bool IsLegalMove(WorkerState from, WorkerState to);
// Returns true if the worker has closed its sandbox and can take a task.
[[nodiscard]] bool IsReady(WorkerState state);
// Returns true if the end of the process is planned: it counts as no loss.
[[nodiscard]] bool IsLeaving(WorkerState state);

}  // namespace thumbmill
