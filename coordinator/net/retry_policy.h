// coordinator/net/retry_policy.h: decides when to try a transfer again, and
// when to stop. Which failures may be tried again is in retry_rules.h.
//
// Pure     no clock and no random source of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "common/clock.h"
#include "coordinator/net/retry_rules.h"

namespace thumbmill {

struct RetryOptions {
  int retries = bounds::kRetries;     // tries after the first one
  Millis base = bounds::kFirstDelay;  // delay before the first retry; doubled
  Millis max = bounds::kLastDelay;    // longest delay without Retry-After
  // Longest Retry-After that is obeyed.
  Millis max_retry_after = bounds::kMaxRetryAfter;
};

class RetryPolicy {
 public:
  explicit RetryPolicy(const RetryOptions& options) : options_(options) {}

  // Returns the delay before the next try, after `tries` (>= 1) transient
  // failures, or empty if no retry is left. The delay is never shorter than
  // `retry_after`, as far as max_retry_after allows; pass 0 if the server did
  // not send it. Pass 64 new random bits for each call: they spread clients
  // that failed together over 0.5 to 1.5 times the doubled delay.
  [[nodiscard]] std::optional<Millis> NextDelay(int tries, Millis retry_after,
                                                std::uint64_t random) const;

 private:
  RetryOptions options_;
};

}  // namespace thumbmill
