// worker/image/resample/every_target.h: collects one table of kernels for each
// instruction set that this processor has. For tests, and not thread-safe.
//
// Include it only in *_simd.cc: no other file may see Highway.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <vector>

namespace thumbmill {

// Returns the tables of all targets. `dispatch` returns the table of the target
// that Highway has chosen; it is called once per target.
template <typename Table, typename Dispatch>
std::vector<const Table*> OfEveryTarget(const Dispatch& dispatch) {
  const auto choose = [](std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  };
  std::vector<const Table*> all;
  const std::int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  // Each target is one bit: the loop takes the lowest bit and clears it.
  for (std::int64_t left = supported; left != 0; left &= left - 1) {
    choose(left & -left);
    all.push_back(dispatch());
  }
  choose(0);
  return all;
}

}  // namespace thumbmill
