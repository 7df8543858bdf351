// coordinator/net/dns_coalescer.h: runs only one lookup of a name at a time.
// libcurl caches lookups, but starts a separate one for each transfer if
// several begin together.
//
// The first transfer to a name leads. The others wait until the leader has an
// address or has ended. A name that was resolved a moment ago needs no leader.
//
// Pure     no clock, no sockets.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "coordinator/net/transfer.h"

namespace thumbmill {

class DnsCoalescer {
 public:
  enum class Part { kNone, kLead, kWait };

  // Tells transfer `id` whether to go on (kNone), to go on as the leader
  // (kLead), or to wait (kWait). A leader must call End().
  Part Begin(const std::string& host, TransferId id, TimePoint now);
  // Call when the leader has an address (`resolved`), or has ended without one.
  // Returns the waiting transfers; each may call Begin() again.
  [[nodiscard]] std::vector<TransferId> End(const std::string& host,
                                            bool resolved, TimePoint now);

 private:
  // How long an address needs no new lookup: a little less than libcurl's cache
  // keeps it (60 s).
  static constexpr Millis kFresh{55'000};
  static constexpr std::size_t kMaxHosts = 4096;

  std::unordered_map<std::string, std::vector<TransferId>> running_;
  std::unordered_map<std::string, TimePoint> resolved_;
};

}  // namespace thumbmill
