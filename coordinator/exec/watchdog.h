// coordinator/exec/watchdog.h: the limits of one worker process: private
// memory, time for a task, time for an answer.
//
// Sets what the kernel enforces, and judges what it does not. It ends nobody:
// that is for its owner, who knows the tasks.
//
// Units    `now` comes from the caller, who owns the clock.
// Contract proto/PROTOCOL.md, "Timeouts".
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "common/clock.h"
#include "coordinator/exec/post_mortem.h"
#include "proto/task.h"

namespace thumbmill {

class Watchdog {
 public:
  explicit Watchdog(pid_t pid = 0) : pid_(pid) {}

  // It is ready: what its memory is now, it needs for itself.
  void OnReady();
  void OnHeard(TimePoint now);
  // A task became the oldest that it holds: its time begins.
  void OnNewHead();
  // The largest task that it holds is predicted to take `peak` bytes. It goes
  // on to its next task before we know, so the limit is that of the largest.
  void OnLoad(std::uint64_t peak);

  // Of a worker whose oldest task has had all its time.
  [[nodiscard]] Doom JudgeOverdue(const Task& head) const;

  enum class Idle { kFine, kAsk, kSilent };
  // Of a worker without tasks. kAsk: send a HEARTBEAT, it counts as sent.
  [[nodiscard]] Idle CheckIdle(TimePoint now, Millis heartbeat);

  // For a clock that ran while nobody could work.
  void Postpone(Millis by);

 private:
  pid_t pid_;
  Micros head_cpu_{0};           // its CPU time when its head became the head
  TimePoint heard_{};            // when it last said something
  TimePoint asked_{};            // HEARTBEAT; 0: nothing is asked
  std::uint64_t data_base_ = 0;  // DataBytes() when it was ready
  std::uint64_t data_limit_ = 0;
};

}  // namespace thumbmill
