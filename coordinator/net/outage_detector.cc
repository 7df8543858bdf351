#include "coordinator/net/outage_detector.h"

#include <algorithm>

namespace thumbmill {

void OutageDetector::Failed(const std::string& host, TimePoint now) {
  if (lost_) return;
  ++streak_;
  if (streak_ > 1 && host != last_host_) changed_at_ = streak_;
  last_host_ = host;
  const bool two_hosts =
      changed_at_ > 0 && streak_ - changed_at_ < options_.items - 1;
  if (streak_ < options_.items || !two_hosts) return;
  lost_ = true;
  lost_since_ = next_round_ = now;
  wait_ = options_.first_wait;
}

void OutageDetector::Answered() {
  streak_ = changed_at_ = 0;
  lost_ = false;
}

int OutageDetector::TakeProbes(TimePoint now) {
  if (!lost_ || now < next_round_) return 0;
  next_round_ = now + wait_;
  wait_ = std::min(wait_ * 2, options_.last_wait);
  return options_.probes;
}

}  // namespace thumbmill
