// coordinator/net/outage_detector.h: detects that our network is lost, so that
// the run does not record every image as failed.
//
// If the last `items` images, from two hosts or more, all failed in ways that
// may pass with time, the fault is probably on our side. The run then pauses
// its downloads and tries a few images as probes. Any answer from any host ends
// the pause. If the network stays lost for `give_up`, the run ends; it can be
// resumed later.
//
// Pure     no clock of its own.
#pragma once

#include <cstdint>
#include <string>

#include "common/clock.h"
#include "coordinator/net/retry_rules.h"

namespace thumbmill {

struct OutageDetectorOptions {
  std::uint64_t items = bounds::kLostImages;
  Millis give_up = bounds::kLostGiveUp;
  // Wait between rounds of probes; doubled.
  Millis first_wait = bounds::kFirstLostWait;
  Millis last_wait = bounds::kLastLostWait;
  // Probes in each round. More than one: a single host may really be dead.
  int probes = bounds::kLostProbes;
};

class OutageDetector {
 public:
  explicit OutageDetector(const OutageDetectorOptions& options)
      : options_(options) {}

  // Counts an image that failed for good, for a reason that may pass with time.
  void Failed(const std::string& host, TimePoint now);
  // Ends the streak and the outage. Call for any answer from any host.
  void Answered();

  [[nodiscard]] bool lost() const { return lost_; }
  // Returns the number of probes to start now, and begins the wait for the next
  // round. Returns 0 if no round is due or the network is not lost.
  [[nodiscard]] int TakeProbes(TimePoint now);
  [[nodiscard]] bool GivesUp(TimePoint now) const {
    return lost_ && now - lost_since_ >= options_.give_up;
  }
  [[nodiscard]] const OutageDetectorOptions& options() const {
    return options_;
  }

 private:
  OutageDetectorOptions options_;
  std::uint64_t streak_ = 0;
  // Position in the streak at which the host last differed from the one before
  // it; 0 if it never did. The last n failures have two hosts or more exactly
  // if this change is among them and not at the first of them.
  std::uint64_t changed_at_ = 0;
  std::string last_host_;
  bool lost_ = false;
  TimePoint lost_since_{}, next_round_{};
  Millis wait_{0};
};

}  // namespace thumbmill
