// common/seed.h: seeds for what is only to differ: jitter, temporary names.
// std::random_device throws where the system gives it nothing.
#pragma once

#include <sys/random.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace thumbmill {

// Differs between processes and calls; not for secrets.
[[nodiscard]] inline std::uint64_t FreshSeed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed) return seed;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(now) ^
         (static_cast<std::uint64_t>(getpid()) << 40);
}

}  // namespace thumbmill
