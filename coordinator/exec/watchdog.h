// coordinator/exec/watchdog.h: holds one worker process to its limits: private
// memory, time for a task, time for an answer.
//
// Sets the limits that the kernel enforces, and judges the others. It kills no
// process: its owner does, who knows the tasks.
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

  // Call when the worker is ready. Records the memory that it needs for itself.
  void OnReady();
  // Call for each message from the worker.
  void OnHeard(TimePoint now);
  // Call when a task becomes the head: the oldest that the worker holds. Its
  // CPU time counts from now on.
  void OnNewHead();
  // Sets the kernel's limits. `peak` is the predicted bytes of the largest task
  // that the worker holds; `cpu` is the CPU time that all its tasks may use
  // together. The worker begins its next task before we know, so these limits
  // must cover all tasks; CheckTask() is stricter.
  void OnLoad(std::uint64_t peak, Millis cpu);

  // Returns true if the worker holds more private memory than it may keep
  // between images plus 1.5 times `peak`, the prediction for its largest task.
  [[nodiscard]] bool HasGrown(std::uint64_t peak, TimePoint now);
  // Returns true if the last HasGrown() was so long ago that another is worth
  // its cost: some ten microseconds.
  [[nodiscard]] bool MemoryCheckIsDue(TimePoint now) const;
  // Returns why the worker must be killed, if its head, `age` old, has exceeded
  // a limit; else empty.
  [[nodiscard]] std::optional<KillReason> CheckTask(const Task& head,
                                                    Micros age) const;
  // Returns true if the worker had reached our CPU limit, so that its SIGXCPU
  // came from us. `cpu_time` is all that it ever used, `cpu` is as in OnLoad().
  [[nodiscard]] bool UsedUp(Micros cpu_time, Millis cpu) const;

  enum class Idle { kFine, kAsk, kSilent };
  // Checks a worker without tasks. If the answer is kAsk, the caller must send
  // a HEARTBEAT; it counts as sent.
  [[nodiscard]] Idle CheckIdle(TimePoint now, Millis heartbeat);

  // Moves the times of messages by `by`: a time in which nobody could work.
  void Postpone(Millis by);

 private:
  void LimitCpuFor(Millis cpu);
  void LimitDataFor(std::uint64_t peak);
  [[nodiscard]] KillReason JudgeOverdue(const Task& head) const;

  pid_t pid_;
  Micros head_cpu_{0};           // its CPU time when its head became the head
  TimePoint heard_{};            // its last message
  TimePoint asked_{};            // last HEARTBEAT; 0 if it is answered
  TimePoint memory_checked_{};   // last HasGrown()
  std::uint64_t data_base_ = 0;  // DataBytes() when it was ready
  std::uint64_t data_limit_ = 0;
  std::uint64_t private_base_ = 0;  // PrivateBytes() when it was ready
  Micros cpu_limit_{0};
};

}  // namespace thumbmill
