#include "coordinator/net/negative_dns_cache.h"

#include <algorithm>

#include "coordinator/net/retry_rules.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxHosts = 4096;

}  // namespace

bool NegativeDnsCache::Holds(const std::string& host, TimePoint now) const {
  const auto found = hosts_.find(host);
  return found != hosts_.end() && now < found->second.until;
}

void NegativeDnsCache::Failed(const std::string& host, TimePoint now) {
  MakeRoom(now);
  const auto [found, fresh] =
      hosts_.try_emplace(host, Entry{now, bounds::kFirstDnsHold});
  Entry& entry = found->second;
  // Lookups that ran at the same time fail together and count as one.
  if (!fresh && now < entry.until) return;
  if (!fresh) entry.hold = std::min(entry.hold * 2, bounds::kLastDnsHold);
  entry.until = now + entry.hold;
}

void NegativeDnsCache::MakeRoom(TimePoint now) {
  if (hosts_.size() < kMaxHosts) return;
  std::erase_if(hosts_,
                [now](const auto& each) { return each.second.until <= now; });
  // All names are held. Forgetting costs lookups; growing would cost memory.
  if (hosts_.size() >= kMaxHosts) hosts_.clear();
}

}  // namespace thumbmill
