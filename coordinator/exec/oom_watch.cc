#include "coordinator/exec/oom_watch.h"

#include <algorithm>

namespace thumbmill {
namespace {

constexpr Millis kLook{1000};

}  // namespace

OomWatch::OomWatch(std::function<std::uint64_t()> count)
    : count_(std::move(count)) {
  if (count_) before_ = last_ = count_();
}

void OomWatch::Look(TimePoint now) {
  if (!count_ || now - looked_ < kLook) return;
  looked_ = now;
  before_ = std::exchange(last_, std::max(last_, count_()));
}

bool OomWatch::Claim() {
  if (!count_ || count_() <= before_) return false;
  ++before_;
  // Else Look() would make a used kill available again.
  last_ = std::max(last_, before_);
  return true;
}

}  // namespace thumbmill
