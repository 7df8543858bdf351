// coordinator/net/retry_policy.h: whether and when a transfer is tried again.
//
// Pure     no clock and no random source of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "common/clock.h"

namespace thumbmill {

struct RetryOptions {
  int retries = 3;                  // tries after the first
  Millis base{500};                 // before the first of them; then doubled
  Millis max{60'000};               // no delay of our own is longer
  Millis max_retry_after{300'000};  // a server cannot hold us longer
};

class RetryPolicy {
 public:
  explicit RetryPolicy(const RetryOptions& options) : options_(options) {}

  // The wait before the next try, after `tries` (>= 1) that failed in a way
  // that another try may cure. Empty: enough tried. `retry_after` 0: the
  // server did not say; else the wait is never shorter (up to the bound).
  // `random`: any 64 bits, anew for each call; spreads clients that failed
  // together over half to one and a half of the doubled delay.
  [[nodiscard]] std::optional<Millis> NextDelay(int tries, Millis retry_after,
                                                std::uint64_t random) const;

 private:
  RetryOptions options_;
};

}  // namespace thumbmill
