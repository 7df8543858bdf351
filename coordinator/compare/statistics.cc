#include "coordinator/compare/statistics.h"

#include <algorithm>
#include <cstddef>

#include "common/check.h"

namespace thumbmill {

Spread SpreadOf(std::vector<double> values) {
  CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1
                            ? values[middle]
                            : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back(), values.size()};
}

bool Differ(const Spread& a, const Spread& b) {
  constexpr std::size_t kLeastRuns = 4;
  if (a.runs < kLeastRuns || b.runs < kLeastRuns) return false;
  return a.high < b.low || b.high < a.low;
}

}  // namespace thumbmill
