// coordinator/net/network_watch.h: tells a lost network from lost images.
//
// When the last `items` images, over two hosts or more, all failed in ways
// that time may cure, the fault is likely here. Fetching pauses then, a few
// images are tried as probes, and any answer of any host ends the pause. A
// network that stays away ends the run, which can be resumed.
//
// Pure     no clock of its own.
#pragma once

#include <cstdint>
#include <string>

#include "common/clock.h"

namespace thumbmill {

struct NetworkWatchOptions {
  std::uint64_t items = 1000;
  Millis give_up{600'000};
  Millis first_wait{1000};  // between rounds of probes; then doubled
  Millis last_wait{30'000};
  int probes = 4;  // in a round: the first host may be dead indeed
};

class NetworkWatch {
 public:
  explicit NetworkWatch(const NetworkWatchOptions& options)
      : options_(options) {}

  // An image has failed for good, for a reason that time may cure.
  void Failed(const std::string& host, TimePoint now);
  // A host has answered, whatever it said.
  void Answered();

  [[nodiscard]] bool lost() const { return lost_; }
  // While lost: how many probes to start now; a round counts once.
  [[nodiscard]] int TakeProbes(TimePoint now);
  [[nodiscard]] bool GivesUp(TimePoint now) const {
    return lost_ && now - lost_since_ >= options_.give_up;
  }
  [[nodiscard]] const NetworkWatchOptions& options() const { return options_; }

 private:
  NetworkWatchOptions options_;
  std::uint64_t streak_ = 0;
  // Where in the streak the host was last another than the one before it: two
  // hosts are among the last n exactly when that was less than n ago.
  std::uint64_t changed_at_ = 0;
  std::string last_host_;
  bool lost_ = false;
  TimePoint lost_since_{}, next_round_{};
  Millis wait_{0};
};

}  // namespace thumbmill
