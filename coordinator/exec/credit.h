// coordinator/exec/credit.h: how many tasks a worker may hold, the one that it
// works on included.
//
// Contract proto/PROTOCOL.md, "Credit".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace thumbmill {

// Tasks up to this size keep a worker busy for less than a round trip.
constexpr std::uint64_t kSmallPeak = 4 << 20;
constexpr std::uint64_t kHugePeak = 64 << 20;
constexpr std::size_t kCreditSmall = 8;
constexpr std::size_t kCredit = 2;
constexpr std::size_t kCreditHuge = 1;

// How many more it may get that holds `held`, the largest predicted to take
// `largest_peak` bytes.
[[nodiscard]] inline std::size_t CreditOf(std::size_t held,
                                          std::uint64_t largest_peak) {
  std::size_t credit = kCredit;
  if (held > 0 && largest_peak <= kSmallPeak) credit = kCreditSmall;
  if (largest_peak >= kHugePeak) credit = kCreditHuge;
  return credit - std::min(credit, held);
}

}  // namespace thumbmill
