#include "worker/image/resample/filter.h"

#include <cmath>
#include <numbers>

namespace thumbmill {
namespace {

double Sinc(double x) {
  if (x == 0) return 1;
  const double t = x * std::numbers::pi;
  return std::sin(t) / t;
}

double Lanczos3(double x) { return x < 3 ? Sinc(x) * Sinc(x / 3) : 0; }

// The family of Mitchell and Netravali; (0, 1/2) is Catmull-Rom.
double Bicubic(double x, double b, double c) {
  if (x < 1)
    return ((12 - 9 * b - 6 * c) * x * x * x + (-18 + 12 * b + 6 * c) * x * x +
            (6 - 2 * b)) /
           6;
  if (x < 2)
    return ((-b - 6 * c) * x * x * x + (6 * b + 30 * c) * x * x +
            (-12 * b - 48 * c) * x + (8 * b + 24 * c)) /
           6;
  return 0;
}

}  // namespace

double FilterRadius(FilterKind kind) {
  switch (kind) {
    case FilterKind::kLanczos3:
      return 3;
    case FilterKind::kMitchell:
    case FilterKind::kCubic:
      return 2;
    case FilterKind::kLinear:
      return 1;
    case FilterKind::kBox:
      return 0.5;
    case FilterKind::kNearest:
      return 0;
  }
  return 0;
}

double FilterValue(FilterKind kind, double x) {
  const double distance = std::fabs(x);
  switch (kind) {
    case FilterKind::kLanczos3:
      return Lanczos3(distance);
    case FilterKind::kMitchell:
      return Bicubic(distance, 1.0 / 3, 1.0 / 3);
    case FilterKind::kCubic:
      return Bicubic(distance, 0, 0.5);
    case FilterKind::kLinear:
      return distance < 1 ? 1 - distance : 0;
    // The box is half open, so that a sample on the edge belongs to one pixel
    // only.
    case FilterKind::kBox:
      return x >= -0.5 && x < 0.5 ? 1 : 0;
    case FilterKind::kNearest:
      return 0;
  }
  return 0;
}

}  // namespace thumbmill
