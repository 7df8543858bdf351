#include "coordinator/net/retry_policy.h"

#include <algorithm>

namespace thumbmill {
namespace {

// Stops at `max`, so that no number of doublings can overflow.
Millis Doubled(Millis base, int doublings, Millis max) {
  Millis delay = std::min(base, max);
  for (; doublings > 0 && delay > Millis(0) && delay < max; --doublings)
    delay = delay > max / 2 ? max : delay * 2;
  return delay;
}

// Returns a delay that is uniform in [0, span].
Millis Spread(Millis span, std::uint64_t random) {
  if (span <= Millis(0)) return Millis(0);
  const auto choices = static_cast<std::uint64_t>(span.count()) + 1;
  return Millis(static_cast<Millis::rep>(random % choices));
}

}  // namespace

std::optional<Millis> RetryPolicy::NextDelay(int tries, Millis retry_after,
                                             std::uint64_t random) const {
  if (tries > options_.retries) return std::nullopt;
  const Millis delay = Doubled(options_.base, tries - 1, options_.max);
  const Millis jittered =
      std::min(delay / 2 + Spread(delay, random), options_.max);
  const Millis asked =
      std::clamp(retry_after, Millis(0), options_.max_retry_after);
  if (asked <= jittered) return jittered;
  // Do not come earlier than the server asked, nor all clients at once.
  return asked + Spread(std::min(delay, asked / 10), random);
}

}  // namespace thumbmill
