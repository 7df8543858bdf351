// coordinator/net/host_limiter.h: limits the requests to each host. The state
// of the host decides how many may run at once, and whether one may start now.
//
//   well      `at_once` requests may run at once.
//   busy      The host answers 429 or 503. Half as many requests may run at
//             once; each round of good answers adds one (AIMD, as in TCP).
//             Requests are held for the time in Retry-After, or after three
//             refusals in a row. An answer to a request that was under way
//             ends only the second kind of hold.
//   suspected The host gave no answer `suspect_after` times in a row. One
//             request at a time goes out as a probe. Each wait before it is
//             twice the last one.
//   dead      `probes` probes failed too. Requests fail at once with the last
//             reason. After each rest one probe may go out (half open).
//
// Any other answer ends the hold, the suspicion or the death; the number of
// requests at once then grows back. Only hosts that are not well take memory,
// and no more than kMaxHosts of them.
//
// Pure     no clock of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "common/clock.h"
#include "coordinator/net/retry_rules.h"
#include "proto/reason.h"

namespace thumbmill {

struct HostLimiterOptions {
  std::size_t at_once = bounds::kPerHost;
  int suspect_after = bounds::kSilencesToSuspect;
  int probes = bounds::kRetries;
  Millis first_hold = bounds::kFirstDelay;
  Millis last_hold = bounds::kLastDelay;
  // Longest Retry-After that is obeyed.
  Millis max_retry_after = bounds::kMaxRetryAfter;
  // Wait between probes of a dead host; doubled.
  Millis first_rest = bounds::kFirstRest;
  Millis last_rest = bounds::kLastRest;
};

class HostLimiter {
 public:
  enum class Leave { kGo, kFull, kWait, kDead };
  struct Permit {
    Leave leave = Leave::kGo;
    TimePoint until{};  // for kWait: ask again then
  };

  explicit HostLimiter(const HostLimiterOptions& options) : options_(options) {}

  // Decides whether one more request to `host` may start while `active` run.
  // After kGo the caller should start it.
  [[nodiscard]] Permit Ask(const std::string& host, std::size_t active,
                           TimePoint now);

  // Call one of these for each request that ended: the host answered; it
  // answered 429 or 503; it gave no answer.
  void Answered(const std::string& host, TimePoint now);
  void Busy(const std::string& host, Millis retry_after, TimePoint now);
  void Silent(const std::string& host, Reason reason,
              const std::string& message, TimePoint now);

  // Returns true if the host is neither suspected, nor dead, nor refusing
  // everything. A failure is then the item's own.
  [[nodiscard]] bool Trusts(const std::string& host) const;
  // The reason and the text with which a dead host's items fail.
  [[nodiscard]] Reason DeadReason(const std::string& host) const;
  [[nodiscard]] std::string DeadText(const std::string& host) const;

  // Forgets all silences. For a lost network: they meant nothing.
  void Forgive(TimePoint now);
  [[nodiscard]] std::size_t unwell() const { return hosts_.size(); }

  static constexpr std::size_t kMaxHosts = 4096;

 private:
  struct Health {
    double at_once = 0;
    TimePoint cut_again{};  // no second cut of `at_once` before this time
    int refusals = 0;       // in a row
    int silences = 0;       // in a row
    int failed_probes = 0;
    Millis hold{0};           // the last wait; the next one is twice as long
    TimePoint held_until{};   // by our own decision
    TimePoint asked_until{};  // by the server, in Retry-After
    bool dead = false;
    bool probing = false;  // the host is dead and a probe may be running
    Millis rest{0};
    Reason reason = Reason::kNone;
    std::string message;
  };
  Health& HealthOf(const std::string& host);
  [[nodiscard]] bool IsSuspected(const Health& health) const {
    return health.silences >= options_.suspect_after;
  }
  // Returns the time before which no request may start.
  [[nodiscard]] static TimePoint HeldUntil(const Health& health) {
    return std::max(health.held_until, health.asked_until);
  }
  // Forgets refusals and silences, but neither the recent cut nor the time for
  // which the server asked.
  static void Reset(Health* health);
  void Hold(Health* health, TimePoint now);
  void MarkDead(Health* health, TimePoint now);
  Permit AskDead(Health* health, std::size_t active, TimePoint now);

  HostLimiterOptions options_;
  std::unordered_map<std::string, Health> hosts_;
};

}  // namespace thumbmill
