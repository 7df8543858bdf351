// coordinator/compare/statistics.h: the median and the range of repeated
// measurements, and whether two series of them differ.
#pragma once

#include <cstddef>
#include <vector>

namespace thumbmill {

struct Spread {
  double median = 0;
  double low = 0;  // the lowest and the highest value
  double high = 0;
  std::size_t runs = 0;
};

// Returns the spread of `values`, which must not be empty.
[[nodiscard]] Spread SpreadOf(std::vector<double> values);

// Returns true if the two ranges do not overlap. With five runs each, chance
// alone separates the ranges once in 126 times (2 of C(10,5) orders); with four
// runs, once in 35. With two runs it happens once in 3 times, so fewer than
// four runs never differ.
[[nodiscard]] bool Differ(const Spread& a, const Spread& b);

}  // namespace thumbmill
