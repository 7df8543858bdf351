#include "coordinator/exec/watchdog.h"

#include <fmt/format.h>

#include "coordinator/exec/overrun.h"
#include "coordinator/exec/process_stat.h"

namespace thumbmill {
namespace {

constexpr int kMissedHeartbeats = 5;

// Private memory that is refused to a decode: 1.5 times what was predicted
// beyond what the worker had when it was ready, plus what its scratch buffers,
// its heap and the thread of ZeroMQ may keep.
constexpr std::uint64_t kDataSlack = 96 << 20;
// A limit is set anew only when it changes by much.
constexpr std::uint64_t kDataStep = 8 << 20;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kLimitData = false;  // shadow memory and quarantine count too
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kLimitData = false;
#else
constexpr bool kLimitData = true;
#endif
#else
constexpr bool kLimitData = true;
#endif

}  // namespace

void Watchdog::OnReady() { data_base_ = DataBytes(pid_); }

void Watchdog::OnHeard(TimePoint now) {
  heard_ = now;
  asked_ = {};
}

void Watchdog::OnNewHead() { head_cpu_ = CpuTime(pid_); }

void Watchdog::OnLoad(std::uint64_t peak) {
  if (!kLimitData || data_base_ == 0) return;
  const std::uint64_t limit = data_base_ + kDataSlack + peak + peak / 2;
  if (limit <= data_limit_ && data_limit_ - limit < kDataSlack) return;
  data_limit_ = limit + kDataStep;
  LimitData(pid_, data_limit_);
}

Doom Watchdog::JudgeOverdue(const Task& head) const {
  const Millis limit = head.time_limit;
  const std::string text = fmt::format("no answer within {} ms", limit.count());
  if (IsStopped(pid_))
    return {Reason::kHang, false, text + ", it had been stopped from outside"};
  const Micros used = CpuTime(pid_) - head_cpu_;
  return {
      ReasonOfOverrun(used, limit), true,
      fmt::format("{}, of which it computed {} ms", text, used.count() / 1000)};
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
