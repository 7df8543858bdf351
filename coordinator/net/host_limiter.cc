#include "coordinator/net/host_limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace thumbmill {
namespace {

constexpr Millis kRound{1000};  // refusals within this time cut once
constexpr double kLeastAtOnce = 1;

}  // namespace

HostLimiter::Health& HostLimiter::HealthOf(const std::string& host) {
  const auto found = hosts_.find(host);
  if (found != hosts_.end()) return found->second;
  // Forgetting costs a few requests; growing would cost memory.
  if (hosts_.size() >= kMaxHosts) hosts_.clear();
  Health& health = hosts_[host];
  health.at_once = static_cast<double>(options_.at_once);
  return health;
}

HostLimiter::Permit HostLimiter::Ask(const std::string& host,
                                     std::size_t active, TimePoint now) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end())
    return {active < options_.at_once ? Leave::kGo : Leave::kFull, {}};
  Health& health = found->second;
  if (health.dead) return AskDead(&health, active, now);
  if (IsSuspected(health) && active > 0) return {Leave::kFull, {}};
  if (now < HeldUntil(health)) return {Leave::kWait, HeldUntil(health)};
  const auto limit = static_cast<std::size_t>(health.at_once);
  return {active < limit ? Leave::kGo : Leave::kFull, {}};
}

// If a permitted probe was never started, no request is active; permits another
// one.
HostLimiter::Permit HostLimiter::AskDead(Health* health, std::size_t active,
                                         TimePoint now) {
  const bool probed = health->probing && active > 0;
  if (probed || now < HeldUntil(*health)) return {Leave::kDead, {}};
  health->probing = true;
  return {Leave::kGo, {}};
}

// Each answer adds 1/at_once, so that a whole round of good answers adds one.
void HostLimiter::Answered(const std::string& host, TimePoint now) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  Health& health = found->second;
  const auto most = static_cast<double>(options_.at_once);
  const double at_once = health.at_once + 1 / health.at_once;
  // A request that was under way when the server sent Retry-After may still
  // succeed. The server wants its pause nevertheless.
  if (at_once >= most && now >= health.asked_until) {
    hosts_.erase(found);
    return;
  }
  Reset(&health);
  health.at_once = std::min(at_once, most);
}

void HostLimiter::Reset(Health* health) {
  Health kept;
  kept.at_once = health->at_once;
  kept.cut_again = health->cut_again;
  kept.asked_until = health->asked_until;
  *health = std::move(kept);
}

void HostLimiter::Forgive(TimePoint now) {
  std::erase_if(hosts_, [now](const auto& each) {
    return now >= each.second.asked_until;
  });
  for (auto& [host, health] : hosts_) Reset(&health);
}

void HostLimiter::Hold(Health* health, TimePoint now) {
  health->hold = health->hold == Millis(0)
                     ? options_.first_hold
                     : std::min(health->hold * 2, options_.last_hold);
  health->held_until = std::max(health->held_until, now + health->hold);
}

void HostLimiter::Busy(const std::string& host, Millis retry_after,
                       TimePoint now) {
  Health& health = HealthOf(host);
  health.silences = 0;
  health.dead = health.probing = false;
  if (now >= health.cut_again) {
    health.at_once = std::max(health.at_once / 2, kLeastAtOnce);
    health.cut_again = now + kRound;
  }
  // During a hold, refusals come from requests that were already under way and
  // tell nothing new.
  const bool held = now < HeldUntil(health);
  if (!held) ++health.refusals;
  if (retry_after > Millis(0)) {
    health.asked_until =
        std::max(health.asked_until,
                 now + std::min(retry_after, options_.max_retry_after));
  } else if (!held && health.refusals >= bounds::kRefusalsToHold) {
    Hold(&health, now);
  }
}

void HostLimiter::Silent(const std::string& host, Reason reason,
                         const std::string& message, TimePoint now) {
  Health& health = HealthOf(host);
  health.refusals = 0;
  health.reason = reason;
  health.message = message;
  if (health.dead) {
    if (health.probing) MarkDead(&health, now);
    return;
  }
  const bool was_suspected = IsSuspected(health);
  // The request was under way before the hold, so it is not a failed probe.
  if (was_suspected && now < HeldUntil(health)) return;
  ++health.silences;
  if (!IsSuspected(health)) return;
  health.at_once = kLeastAtOnce;
  if (was_suspected) ++health.failed_probes;
  if (health.failed_probes >= options_.probes) return MarkDead(&health, now);
  Hold(&health, now);
}

void HostLimiter::MarkDead(Health* health, TimePoint now) {
  health->dead = true;
  health->probing = false;
  health->rest = health->rest == Millis(0)
                     ? options_.first_rest
                     : std::min(health->rest * 2, options_.last_rest);
  health->held_until = now + health->rest;
}

bool HostLimiter::Trusts(const std::string& host) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return true;
  const Health& health = found->second;
  return !health.dead && !IsSuspected(health) &&
         health.refusals < bounds::kRefusalsToHold;
}

Reason HostLimiter::DeadReason(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? Reason::kConnect : found->second.reason;
}

std::string HostLimiter::DeadText(const std::string& host) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return "its host no longer answers";
  return fmt::format(
      "not tried: its host gave no answer {} times in a row ({})",
      found->second.silences, found->second.message);
}

}  // namespace thumbmill
