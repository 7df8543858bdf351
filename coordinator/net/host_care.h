// coordinator/net/host_care.h: how a host may be asked: how many times at
// once, from when on, or not at all any more.
//
//   well      as many at once as allowed
//   busy      it answers 429 or 503: half as many at once, one more again
//             with each round of good answers (AIMD, as TCP does); and held
//             while Retry-After says so, or after three refusals in a row
//   suspected it gave no answer `suspect_after` times in a row: held, and one
//             request at a time as a probe, each wait twice the last
//   dead      `probes` of them failed too: what wants it fails at once with
//             the last reason, but for one probe after each rest (half open)
//
// Any answer that is neither makes a host well again. Only hosts that are not
// well take memory, and no more than kMaxHosts of them.
//
// Pure     no clock of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "common/clock.h"
#include "proto/reason.h"

namespace thumbmill {

struct HostCareOptions {
  std::size_t at_once = 6;
  int suspect_after = 5;
  int probes = 3;
  Millis first_hold{500};
  Millis last_hold{60'000};
  Millis max_retry_after{300'000};  // a server cannot hold us longer
  Millis first_rest{30'000};        // of a dead host, between probes
  Millis last_rest{300'000};
};

class HostCare {
 public:
  enum class Leave { kGo, kFull, kWait, kDead };
  struct Permit {
    Leave leave = Leave::kGo;
    TimePoint until{};  // kWait
  };

  explicit HostCare(const HostCareOptions& options) : options_(options) {}

  // May a request to `host` start, where `active` of them run? After kGo it is
  // expected to.
  [[nodiscard]] Permit Ask(const std::string& host, std::size_t active,
                           TimePoint now);

  // What became of a request.
  void Answered(const std::string& host);
  void Busy(const std::string& host, Millis retry_after, TimePoint now);
  void Silent(const std::string& host, Reason reason,
              const std::string& message, TimePoint now);

  // Neither suspected nor refusing everything: a failure is the item's own.
  [[nodiscard]] bool Trusts(const std::string& host) const;
  // Why a dead host's items fail.
  [[nodiscard]] Reason DeadReason(const std::string& host) const;
  [[nodiscard]] std::string DeadText(const std::string& host) const;

  // The network was lost: silence said nothing about the hosts.
  void Forgive() { hosts_.clear(); }
  [[nodiscard]] std::size_t unwell() const { return hosts_.size(); }

  static constexpr std::size_t kMaxHosts = 4096;

 private:
  struct Health {
    double at_once = 0;
    TimePoint cut_again{};  // not before: one round's refusals are one
    int refusals = 0;       // in a row
    int silences = 0;       // in a row
    int failed_probes = 0;
    Millis hold{0};  // the last one, to double
    TimePoint held_until{};
    bool dead = false;
    bool probing = false;  // dead, and one request was let through
    Millis rest{0};
    Reason reason = Reason::kNone;
    std::string message;
  };
  Health& Of(const std::string& host);
  [[nodiscard]] bool IsSuspected(const Health& health) const {
    return health.silences >= options_.suspect_after;
  }
  void Hold(Health* health, TimePoint now);
  void Bury(Health* health, TimePoint now);
  Permit AskDead(Health* health, std::size_t active, TimePoint now);

  HostCareOptions options_;
  std::unordered_map<std::string, Health> hosts_;
};

}  // namespace thumbmill
