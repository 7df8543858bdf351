// common/seed.h: random seeds for jitter and temporary names.
// std::random_device would throw if the system gave it nothing.
#pragma once

#include <sys/random.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace thumbmill {

// Returns another seed at each call and in each process. Not for secrets.
[[nodiscard]] inline std::uint64_t FreshSeed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed) return seed;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(now) ^
         (static_cast<std::uint64_t>(getpid()) << 40);
}

}  // namespace thumbmill
