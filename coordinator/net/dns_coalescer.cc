#include "coordinator/net/dns_coalescer.h"

#include <utility>

namespace thumbmill {

DnsCoalescer::Part DnsCoalescer::Begin(const std::string& host, TransferId id,
                                       TimePoint now) {
  const auto known = resolved_.find(host);
  if (known != resolved_.end() && now - known->second < kFresh)
    return Part::kNone;
  const auto [found, first] = running_.try_emplace(host);
  if (first) return Part::kLead;
  found->second.push_back(id);
  return Part::kWait;
}

std::vector<TransferId> DnsCoalescer::End(const std::string& host,
                                          bool resolved, TimePoint now) {
  if (resolved) {
    // Forgetting costs lookups; growing would cost memory.
    if (resolved_.size() >= kMaxHosts) resolved_.clear();
    resolved_[host] = now;
  }
  const auto found = running_.find(host);
  if (found == running_.end()) return {};
  std::vector<TransferId> waiting = std::move(found->second);
  running_.erase(found);
  return waiting;
}

}  // namespace thumbmill
