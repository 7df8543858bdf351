// coordinator/net/lookups.h: one lookup of a name at a time. libcurl caches
// what it has looked up, but starts one lookup for each of the transfers that
// begin together.
//
// The first transfer to a name leads, the others wait until it has an address
// or has ended. A name that was resolved a moment ago needs no leader.
//
// Pure     no clock, no sockets.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "coordinator/net/transfer.h"

namespace thumbmill {

class Lookups {
 public:
  enum class Part { kNone, kLead, kWait };

  // What `id` has to do for `host`. After kLead End() is due.
  Part Begin(const std::string& host, TransferId id, TimePoint now);
  // The leader has an address (`resolved`), or has ended without one. Returns
  // those who waited; each may Begin() again.
  [[nodiscard]] std::vector<TransferId> End(const std::string& host,
                                            bool resolved, TimePoint now);

 private:
  // A little less than libcurl's cache of 60 s.
  static constexpr Millis kFresh{55'000};
  static constexpr std::size_t kMaxHosts = 4096;

  std::unordered_map<std::string, std::vector<TransferId>> running_;
  std::unordered_map<std::string, TimePoint> resolved_;
};

}  // namespace thumbmill
