#include "coordinator/exec/watchdog.h"

#include <fmt/format.h>

#include "common/sanitizers.h"
#include "coordinator/exec/overrun.h"
#include "coordinator/exec/process_stat.h"

namespace thumbmill {
namespace {

constexpr int kMissedHeartbeats = 5;

// Private bytes that the scratch buffers, the heap and the thread of ZeroMQ may
// keep. A decode is refused memory beyond the worker's memory when it was
// ready, plus 1.5 times the prediction, plus this.
constexpr std::uint64_t kDataSlack = 96 << 20;
// Private bytes that a worker may keep between images, beyond its memory when
// it was ready: no file of the test corpus leaves as much. Far enough below the
// slack that leftovers of other images make no image run out of memory.
constexpr std::uint64_t kMayKeep = 32 << 20;
// Shortest time between two looks at a worker's memory after a RESULT.
constexpr Millis kMemoryCheckInterval{5};
// Steps of the limits: a small change needs no system call.
constexpr std::uint64_t kDataStep = 8 << 20;
constexpr Micros kCpuStep{4'000'000};
// ASan's shadow and quarantine would count, too.
constexpr bool kLimitData = !kAddressSanitizer;

}  // namespace

void Watchdog::OnReady() {
  data_base_ = DataBytes(pid_);
  private_base_ = PrivateBytes(pid_);
}

void Watchdog::OnHeard(TimePoint now) {
  heard_ = now;
  asked_ = {};
}

void Watchdog::OnNewHead() { head_cpu_ = CpuTime(pid_); }

void Watchdog::OnLoad(std::uint64_t peak, Millis cpu) {
  LimitCpuFor(cpu);
  LimitDataFor(peak);
}

// Sets a backstop for the time when this process itself is stopped. Else
// CheckTask() acts first, because this limit is some seconds higher.
void Watchdog::LimitCpuFor(Millis cpu) {
  const Micros limit = head_cpu_ + cpu;
  if (limit <= cpu_limit_ && cpu_limit_ - limit < kCpuStep) return;
  cpu_limit_ = limit + kCpuStep / 2;
  LimitCpu(pid_, cpu_limit_);
}

void Watchdog::LimitDataFor(std::uint64_t peak) {
  if (!kLimitData || data_base_ == 0) return;
  const std::uint64_t limit = data_base_ + kDataSlack + peak + peak / 2;
  if (limit <= data_limit_ && data_limit_ - limit < kDataSlack) return;
  data_limit_ = limit + kDataStep;
  LimitData(pid_, data_limit_);
}

bool Watchdog::HasGrown(std::uint64_t peak, TimePoint now) {
  memory_checked_ = now;
  return kLimitData && data_base_ != 0 &&
         PrivateBytes(pid_) > private_base_ + kMayKeep + peak + peak / 2;
}

bool Watchdog::MemoryCheckIsDue(TimePoint now) const {
  return now - memory_checked_ >= kMemoryCheckInterval;
}

std::optional<KillReason> Watchdog::CheckTask(const Task& head,
                                              Micros age) const {
  if (age >= Micros(head.time_limit)) return JudgeOverdue(head);
  // The worker has one thread: it cannot have computed for longer than this.
  if (age < Micros(head.cpu_limit)) return std::nullopt;
  const Micros used = CpuTime(pid_) - head_cpu_;
  if (used < Micros(head.cpu_limit)) return std::nullopt;
  return KillReason{Reason::kTooCostly, true,
                    fmt::format("it computed for {} ms, and its limit is {} ms",
                                used.count() / 1000, head.cpu_limit.count())};
}

bool Watchdog::UsedUp(Micros cpu_time, Millis cpu) const {
  return cpu_time >= head_cpu_ + cpu;
}

KillReason Watchdog::JudgeOverdue(const Task& head) const {
  const Millis limit = head.time_limit;
  const std::string text =
      fmt::format("it did not answer within {} ms", limit.count());
  if (IsStopped(pid_))
    return {Reason::kHang, false, text + "; another process had stopped it",
            true};
  const Micros used = CpuTime(pid_) - head_cpu_;
  return {ReasonOfOverrun(used, head.cpu_limit), true,
          fmt::format("{}; it computed for {} ms of that time", text,
                      used.count() / 1000)};
}

Watchdog::Idle Watchdog::CheckIdle(TimePoint now, Millis heartbeat) {
  if (asked_ == TimePoint()) {
    if (now - heard_ < heartbeat) return Idle::kFine;
    asked_ = now;
    return Idle::kAsk;
  }
  return now - asked_ < heartbeat * kMissedHeartbeats ? Idle::kFine
                                                      : Idle::kSilent;
}

void Watchdog::Postpone(Millis by) {
  heard_ += by;
  if (asked_ != TimePoint()) asked_ += by;
}

}  // namespace thumbmill
