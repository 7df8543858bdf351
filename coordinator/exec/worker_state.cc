#include "coordinator/exec/worker_state.h"

namespace thumbmill {
namespace {

using S = WorkerState;

// Returns true if the worker has a process that we have not killed.
bool IsAlive(S state) {
  return state != S::kAbsent && state != S::kKilled && state != S::kDismissed &&
         state != S::kDead;
}

}  // namespace

const char* ToString(WorkerState state) {
  switch (state) {
    case S::kAbsent:
      return "absent";
    case S::kStarting:
      return "starting";
    case S::kWelcomed:
      return "welcomed";
    case S::kFresh:
      return "fresh";
    case S::kUsed:
      return "used";
    case S::kGrown:
      return "grown";
    case S::kDraining:
      return "draining";
    case S::kLeaving:
      return "leaving";
    case S::kUnreachable:
      return "unreachable";
    case S::kKilled:
      return "killed";
    case S::kDismissed:
      return "dismissed";
    case S::kDead:
      return "dead";
  }
  return "?";
}

bool IsReady(WorkerState state) {
  return state == S::kFresh || state == S::kUsed || state == S::kGrown;
}

bool IsLeaving(WorkerState state) {
  return state == S::kDraining || state == S::kLeaving ||
         state == S::kDismissed;
}

// One case for each target: the states that may move to it.
bool IsLegalMove(WorkerState from, WorkerState to) {
  switch (to) {
    case S::kAbsent:
      // A worker that could not be spawned never was alive.
      return from == S::kDead || from == S::kStarting;
    case S::kStarting:
      return from == S::kAbsent;
    case S::kWelcomed:
      return from == S::kStarting;
    case S::kFresh:
      return from == S::kWelcomed;
    case S::kUsed:
      return from == S::kFresh || from == S::kGrown;
    case S::kGrown:
      return from == S::kUsed;
    case S::kDraining:
      return IsReady(from);
    case S::kLeaving:
      return from == S::kDraining;
    case S::kUnreachable:
      return from == S::kWelcomed || IsReady(from);
    case S::kKilled:
      return IsAlive(from) && !IsLeaving(from);
    case S::kDismissed:
      return IsAlive(from);
    case S::kDead:
      return from != S::kAbsent && from != S::kDead;
  }
  return false;
}

}  // namespace thumbmill
