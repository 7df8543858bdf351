// coordinator/net/retry_rules.h: decides for each Reason whether an image is
// tried again, in this run and in the next. It also has all numbers that bound
// retries. To change a rule, change its row in retry_rules.cc.
//
// Pure     values only; needs no curl, so every folder above may use it.
// Contract docs/network.md, "Which failures are tried again", is printed from
//          here; docs/isolation.md, "How deaths are charged".
#pragma once

#include "common/clock.h"
#include "proto/reason.h"

namespace thumbmill {

// Whether the same run fetches or uploads again.
enum class Retry {
  kNever,
  kOnce,      // bounds::kSlowRetries times
  kRetries,   // up to --retries times
  kByStatus,  // the same, if the server's status allows it
};

// What a failed download says about its host.
enum class HostSign {
  kNothing,  // it was our own decision, or no download
  kAnswers,  // the host and the network work
  kSilent,   // the host gave no answer
};

// Whether a rerun tries an image again that has failed.
enum class Rerun {
  kAlways,        // the world may have changed
  kLargerBounds,  // if a bound of cost is larger now, or with --retry-failed
  kOnRequest,     // with --retry-failed
  kNever,
};

// What a lost worker costs the image that it worked on.
enum class Charge {
  kNothing,  // no worker is lost for this reason
  kAttempt,  // one of --attempts, unless the cause came from outside
  // One of --attempts, even if the cause seems to come from outside: each such
  // loss costs a whole time limit.
  kCostlyAttempt,
  kFinal,  // the image fails at once: it would do the same again
};

struct RetryRule {
  Reason reason = Reason::kNone;
  Retry retry = Retry::kNever;
  HostSign host = HostSign::kNothing;
  Rerun rerun = Rerun::kOnRequest;
  Charge charge = Charge::kNothing;
};

[[nodiscard]] const RetryRule& RuleFor(Reason reason);

// Returns true if another try of a download or upload may succeed. `status` is
// that of the HTTP answer, or 0.
[[nodiscard]] bool MayRetry(Reason reason, int status);
// Returns true if a server with this status wants fewer requests.
[[nodiscard]] bool IsBusyStatus(int status);
// Returns true if a target with this status will refuse every other file too.
[[nodiscard]] bool StopsUploads(int status);
// Returns true if an image can cause this signal: the death of a worker by it
// counts as an attempt.
[[nodiscard]] bool IsChargedSignal(int signal);

namespace bounds {

// Tries of one download or upload.
inline constexpr int kRetries = 3;  // after the first try: --retries
// A server that is too slow costs one deadline per try and is seldom faster at
// the next.
inline constexpr int kSlowRetries = 1;
inline constexpr Millis kFirstDelay{500};  // --retry-delay; then doubled
inline constexpr Millis kLastDelay{60'000};
inline constexpr Millis kMaxRetryAfter{300'000};  // longer ones are cut

// Requests to one host.
inline constexpr int kPerHost = 6;            // at once: --per-host
inline constexpr int kRefusalsToHold = 3;     // in a row; fewer may be chance
inline constexpr int kSilencesToSuspect = 5;  // in a row
inline constexpr Millis kFirstRest{30'000};   // of a dead host; then doubled
inline constexpr Millis kLastRest{300'000};
inline constexpr Millis kFirstDnsHold{1000};  // of an unknown name; doubled
inline constexpr Millis kLastDnsHold{60'000};

// A lost network.
inline constexpr int kLostImages = 1000;  // in a row, from two hosts or more
inline constexpr int kLostProbes = 4;     // in each round
inline constexpr Millis kFirstLostWait{1000};  // between rounds; then doubled
inline constexpr Millis kLastLostWait{30'000};
inline constexpr Millis kLostGiveUp{600'000};

// A PUT target that is away.
inline constexpr int kTargetRetries = 2;  // of the first request to it
inline constexpr Millis kLastTargetHold{10'000};
inline constexpr Millis kTargetGiveUp{300'000};

// Workers that one image may cost.
inline constexpr int kAttempts = 3;    // charged losses: --attempts
inline constexpr int kNearLosses = 2;  // waits in lost workers; then alone
// A photograph takes about 50 ms. If somebody kills its worker every 300 ms,
// one run dies with a chance of 1 in 6, and eight in a row with about 1 in a
// million.
inline constexpr int kKillsInARow = 8;
inline constexpr int kKillsAtMost = 20;
inline constexpr int kRegrants = 6;  // of an output range that was too small
// A task that missed its time limit is too costly if it computed for this part
// of its CPU limit.
inline constexpr int kOverrunPercent = 80;

}  // namespace bounds

}  // namespace thumbmill
