// coordinator/net/negative_dns_cache.h: remembers host names that did not
// resolve a moment ago. libcurl forgets failures at once, so a list with ten
// thousand URLs of one dead host would ask the resolver forty thousand times.
//
// Memory   bounded; a full table drops the names that may be looked up again,
//          or all names if there are none.
#pragma once

#include <string>
#include <unordered_map>

#include "common/clock.h"

namespace thumbmill {

class NegativeDnsCache {
 public:
  // Returns true while `host` should not be looked up again.
  [[nodiscard]] bool Holds(const std::string& host, TimePoint now) const;
  // Holds `host` after a failed lookup: for 1 s, then 2 s, … up to a minute.
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
