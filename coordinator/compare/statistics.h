// coordinator/compare/statistics.h: what repeated measurements of one thing
// say, and whether two things differ.
#pragma once

#include <cstddef>
#include <vector>

namespace thumbmill {

struct Spread {
  double median = 0;
  double low = 0;  // the least and the largest that was seen
  double high = 0;
  std::size_t runs = 0;
};

// At least one value.
[[nodiscard]] Spread SpreadOf(std::vector<double> values);

// Two things differ when their ranges have nothing in common: with five runs
// each, chance alone does that once in 126 times (2 of C(10,5) orders); with
// four, once in 35. Fewer say nothing: with two, chance does it every third
// time.
[[nodiscard]] bool Differ(const Spread& a, const Spread& b);

}  // namespace thumbmill
