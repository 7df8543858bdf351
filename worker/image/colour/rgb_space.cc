#include "worker/image/colour/rgb_space.h"

#include <algorithm>
#include <cmath>

namespace thumbmill {
namespace {

constexpr Chromaticity kD65 = {0.3127, 0.3290};
constexpr Chromaticity kIlluminantC = {0.310, 0.316};
constexpr Chromaticity kDci = {0.314, 0.351};
constexpr Chromaticity kEqual = {1.0 / 3, 1.0 / 3};

constexpr double kReferenceWhite = 203;  // cd/m2, ITU-R BT.2408

double Power(double base, double exponent) {
  return std::pow(std::max(base, 0.0), exponent);
}

double LightOfSmpte240(double code) {
  return code < 4 * 0.0228 ? code / 4
                           : Power((code + 0.1115) / 1.1115, 1 / 0.45);
}

// ITU-R BT.2100, table 4. Code 1 is 10,000 cd/m2.
double LightOfPq(double code) {
  constexpr double kM1 = 2610.0 / 16384, kM2 = 2523.0 / 32, kC1 = 3424.0 / 4096,
                   kC2 = 2413.0 / 128, kC3 = 2392.0 / 128;
  const double root = Power(code, 1 / kM2);
  const double fraction = std::max(root - kC1, 0.0) / (kC2 - kC3 * root);
  return 10000 * Power(fraction, 1 / kM1) / kReferenceWhite;
}

// ITU-R BT.2100, table 5.
double LightOfHlg(double code) {
  constexpr double kA = 0.17883277, kB = 0.28466892, kC = 0.55991073;
  return code <= 0.5 ? code * code / 3 : (std::exp((code - kC) / kA) + kB) / 12;
}

double LightOfSrgb(double code) {
  return code <= 0.04045 ? code / 12.92 : Power((code + 0.055) / 1.055, 2.4);
}

struct Vector {
  double x, y, z;
};

Vector XyzOf(const Chromaticity& point) {
  return {point.x, point.y, 1 - point.x - point.y};
}

double Determinant(const Vector& a, const Vector& b, const Vector& c) {
  return a.x * (b.y * c.z - b.z * c.y) - b.x * (a.y * c.z - a.z * c.y) +
         c.x * (a.y * b.z - a.z * b.y);
}

}  // namespace

std::optional<Primaries> PrimariesOf(std::uint8_t code_point) {
  switch (code_point) {
    case 1:  // BT.709
      return Primaries();
    case 4:  // BT.470 M, NTSC of 1953
      return Primaries{kIlluminantC, {0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}};
    case 5:  // BT.470 BG, PAL
      return Primaries{kD65, {0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}};
    case 6:  // BT.601 with 525 lines
    case 7:  // SMPTE ST 240
      return Primaries{kD65, {0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}};
    case 8:  // film with illuminant C
      return Primaries{
          kIlluminantC, {0.681, 0.319}, {0.243, 0.692}, {0.145, 0.049}};
    case 9:  // BT.2020
      return Primaries{kD65, {0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}};
    case 10:  // SMPTE ST 428: X, Y and Z
      return Primaries{kEqual, {1, 0}, {0, 1}, {0, 0}};
    case 11:  // SMPTE RP 431, DCI P3
      return Primaries{kDci, {0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}};
    case 12:  // SMPTE EG 432, Display P3
      return Primaries{kD65, {0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}};
    case 22:  // EBU Tech 3213
      return Primaries{kD65, {0.630, 0.340}, {0.295, 0.605}, {0.155, 0.077}};
    default:
      return std::nullopt;
  }
}

std::optional<Curve> CurveOf(std::uint8_t code_point, VideoCurves video) {
  using Kind = Curve::Kind;
  switch (code_point) {
    case 1:   // BT.709
    case 6:   // BT.601
    case 11:  // IEC 61966-2-4
    case 14:  // BT.2020, 10 bits
    case 15:  // BT.2020, 12 bits
      return video == VideoCurves::kAsSrgb ? Curve() : Curve{Kind::kGamma, 2.4};
    case 4:
      return Curve{Kind::kGamma, 2.2};
    case 5:
      return Curve{Kind::kGamma, 2.8};
    case 7:
      return Curve{Kind::kSmpte240};
    case 8:
      return Curve{Kind::kGamma, 1};
    case 13:
      return Curve{Kind::kSrgb};
    case 16:
      return Curve{Kind::kPq};
    case 17:
      return Curve{Kind::kSmpte428};
    case 18:
      return Curve{Kind::kHlg};
    default:
      return std::nullopt;
  }
}

RgbSpace SpaceOf(std::uint8_t primaries, std::uint8_t transfer,
                 VideoCurves video) {
  return {PrimariesOf(primaries).value_or(Primaries()),
          CurveOf(transfer, video).value_or(Curve())};
}

double LightOf(const Curve& curve, double code) {
  switch (curve.kind) {
    case Curve::Kind::kGamma:
      return Power(code, curve.gamma);
    case Curve::Kind::kSmpte240:
      return LightOfSmpte240(code);
    case Curve::Kind::kSmpte428:
      return Power(code, 2.6) * 52.37 / 48;
    case Curve::Kind::kPq:
      return LightOfPq(code);
    case Curve::Kind::kHlg:
      return LightOfHlg(code);
    case Curve::Kind::kSrgb:
      break;
  }
  return LightOfSrgb(code);
}

double SrgbCodeOf(double light) {
  return light <= 0.0031308 ? 12.92 * light
                            : 1.055 * Power(light, 1 / 2.4) - 0.055;
}

// Solves, with Cramer's rule, for the three shares that add up to the white
// point.
std::optional<LightShares> SharesOf(const Primaries& primaries) {
  const Vector red = XyzOf(primaries.red), green = XyzOf(primaries.green),
               blue = XyzOf(primaries.blue), white = XyzOf(primaries.white);
  const double whole = Determinant(red, green, blue) * white.y;
  // A NaN compares false, so it gives no shares either.
  if (!(std::fabs(whole) > 1e-6)) return std::nullopt;
  return LightShares{Determinant(white, green, blue) / whole * red.y,
                     Determinant(red, white, blue) / whole * green.y,
                     Determinant(red, green, white) / whole * blue.y};
}

}  // namespace thumbmill
