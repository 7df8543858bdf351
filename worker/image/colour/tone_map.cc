#include "worker/image/colour/tone_map.h"

#include <algorithm>
#include <cmath>

namespace thumbmill {
namespace {

constexpr double kPeak = 1000.0 / 203;
constexpr double kSystemGamma = 1.2;  // HLG at 1,000 cd/m2

// A Bezier curve of second degree from the reference white to the peak. Its
// middle point lies on the extension of the straight part, so that the two
// join without a bend.
struct Point {
  double x, y;
};
constexpr double kHalved = 0.5, kPull = 0.65;
constexpr Point kKnee = {1, kHalved};
constexpr Point kMiddle = {(1 - kPull) + kPull / kHalved,
                           (1 - kPull) * kHalved + kPull};
constexpr Point kEnd = {kPeak, 1};

double BezierAt(double x) {
  constexpr double kA = kKnee.x - 2 * kMiddle.x + kEnd.x;
  constexpr double kB = 2 * (kMiddle.x - kKnee.x);
  // Solves x(t) = x for t.
  const double t =
      (std::sqrt(kB * kB + 4 * kA * (x - kKnee.x)) - kB) / (2 * kA);
  return (1 - t) * (1 - t) * kKnee.y + 2 * t * (1 - t) * kMiddle.y +
         t * t * kEnd.y;
}

}  // namespace

double ToneMapFactor(double strongest) {
  if (strongest <= kKnee.x) return kHalved;
  return (strongest < kPeak ? BezierAt(strongest) : 1) / strongest;
}

double HlgDisplayFactor(double luminance) {
  return kPeak * std::pow(std::max(luminance, 0.0), kSystemGamma - 1);
}

}  // namespace thumbmill
