// worker/image/resample/every_target.h: one table of kernels for each
// instruction set that this processor has. For tests: not thread-safe.
//
// Only for the *_simd.cc: nothing else sees Highway.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <vector>

namespace thumbmill {

// `dispatch` gives the table of the target that Highway has chosen.
template <typename Table, typename Dispatch>
std::vector<const Table*> OfEveryTarget(const Dispatch& dispatch) {
  const auto choose = [](std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  };
  std::vector<const Table*> all;
  const std::int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  for (std::int64_t left = supported; left != 0; left &= left - 1) {
    choose(left & -left);
    all.push_back(dispatch());
  }
  choose(0);
  return all;
}

}  // namespace thumbmill
