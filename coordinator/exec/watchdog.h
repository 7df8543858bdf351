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
#include <optional>

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
  // What it holds: the largest task is predicted to take `peak` bytes, all may
  // compute for `cpu` together. It goes on to its next task before we know, so
  // the kernel's limits are for all of them; we look closer.
  void OnLoad(std::uint64_t peak, Millis cpu);

  // Does it hold more private memory than it may keep between images, beyond
  // what its largest task is predicted to take?
  [[nodiscard]] bool HasGrown(std::uint64_t peak) const;
  // Of a worker whose oldest task is `age` old: has it had its time?
  [[nodiscard]] std::optional<Doom> CheckTask(const Task& head,
                                              Micros age) const;
  // Of a worker that died of SIGXCPU: was it our limit? `cpu_time` is all that
  // it ever used, `cpu` as in OnLoad().
  [[nodiscard]] bool UsedUp(Micros cpu_time, Millis cpu) const;

  enum class Idle { kFine, kAsk, kSilent };
  // Of a worker without tasks. kAsk: send a HEARTBEAT, it counts as sent.
  [[nodiscard]] Idle CheckIdle(TimePoint now, Millis heartbeat);

  // For a clock that ran while nobody could work.
  void Postpone(Millis by);

 private:
  void LimitCpuFor(Millis cpu);
  void LimitDataFor(std::uint64_t peak);
  [[nodiscard]] Doom JudgeOverdue(const Task& head) const;

  pid_t pid_;
  Micros head_cpu_{0};           // its CPU time when its head became the head
  TimePoint heard_{};            // when it last said something
  TimePoint asked_{};            // HEARTBEAT; 0: nothing is asked
  std::uint64_t data_base_ = 0;  // DataBytes() when it was ready
  std::uint64_t data_limit_ = 0;
  std::uint64_t private_base_ = 0;  // PrivateBytes() when it was ready
  Micros cpu_limit_{0};
};

}  // namespace thumbmill
