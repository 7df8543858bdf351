// coordinator/net/retry_policy.h: decides whether and when to try a transfer
// again.
//
// Pure     no clock and no random source of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "common/clock.h"

namespace thumbmill {

struct RetryOptions {
  int retries = 3;                  // tries after the first one
  Millis base{500};                 // delay before the first retry; doubled
  Millis max{60'000};               // longest delay without Retry-After
  Millis max_retry_after{300'000};  // longest Retry-After that is obeyed
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
