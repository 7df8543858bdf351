// coordinator/net/unknown_hosts.h: hosts whose names did not resolve a moment
// ago. libcurl forgets failures at once: a list with ten thousand URLs of one
// dead host would ask the resolver forty thousand times.
//
// Memory   bounded; when full, everything that may be asked again is dropped.
#pragma once

#include <string>
#include <unordered_map>

#include "common/clock.h"

namespace thumbmill {

class UnknownHosts {
 public:
  // True while `host` should not be looked up again.
  [[nodiscard]] bool Holds(const std::string& host, TimePoint now) const;
  // A lookup failed: it is held for 1 s, then 2 s, … up to a minute.
  void Failed(const std::string& host, TimePoint now);
  void Resolved(const std::string& host) { hosts_.erase(host); }

 private:
  struct Entry {
    TimePoint until;
    Millis hold;
  };
  void MakeRoom(TimePoint now);

  std::unordered_map<std::string, Entry> hosts_;
};

}  // namespace thumbmill
