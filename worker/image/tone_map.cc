#include "worker/image/tone_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace thumbmill {
namespace {

constexpr double kPeak = 1000.0 / 203;  // in reference whites
constexpr double kSystemGamma = 1.2;    // HLG at 1,000 cd/m2

// A Bezier curve of second degree from the reference white to the peak; the
// point in the middle goes on from the straight part's end.
struct Point {
  double x, y;
};
constexpr double kHalved = 0.5, kPull = 0.65;
constexpr Point kKnee = {1, kHalved};
constexpr Point kMiddle = {(1 - kPull) + kPull / kHalved,
                           (1 - kPull) * kHalved + kPull};
constexpr Point kEnd = {kPeak, 1};

double BezierAt(double x) {
  const double a = kKnee.x - 2 * kMiddle.x + kEnd.x;
  const double b = 2 * (kMiddle.x - kKnee.x);
  const double t = (std::sqrt(b * b + 4 * a * (x - kKnee.x)) - b) / (2 * a);
  return (1 - t) * (1 - t) * kKnee.y + 2 * t * (1 - t) * kMiddle.y +
         t * t * kEnd.y;
}

// Returns the factor for a pixel with this light in its strongest channel.
double FactorFor(double strongest) {
  if (strongest <= kKnee.x) return kHalved;
  return (strongest < kPeak ? BezierAt(strongest) : 1) / strongest;
}

std::uint16_t Code16(double light) {
  return static_cast<std::uint16_t>(
      SrgbCodeOf(std::clamp(light, 0.0, 1.0)) * 65535 + 0.5);
}

// Light of red, green and blue in that of white, BT.2020.
constexpr std::array<double, 3> kShares = {0.2627, 0.6780, 0.0593};

class ToneMap final : public ColourTransform {
 public:
  ToneMap(const Curve& curve, int channels, bool wide_in, ToneMapParts parts)
      : scene_(curve.kind == Curve::Kind::kHlg),
        channels_(static_cast<std::size_t>(channels)),
        wide_in_(wide_in),
        parts_(std::move(parts)),
        light_(wide_in ? 65536 : 256) {
    const double most = static_cast<double>(light_.size() - 1);
    for (std::size_t code = 0; code < light_.size(); ++code)
      light_[code] =
          static_cast<float>(LightOf(curve, static_cast<double>(code) / most));
  }

  void Apply(const void* in, void* out, std::uint32_t pixels) const override {
    std::vector<float> light(pixels * channels_);
    for (std::size_t i = 0; i < light.size(); ++i) light[i] = Light(in, i);
    if (parts_.to_bt2020 != nullptr)
      parts_.to_bt2020->Apply(light.data(), light.data(), pixels);
    std::vector<std::uint16_t> codes(light.size());
    for (std::size_t i = 0; i < codes.size(); i += channels_)
      MapPixel(&light[i], &codes[i]);
    parts_.shown->Apply(codes.data(), out, pixels);
  }

 private:
  [[nodiscard]] float Light(const void* in, std::size_t at) const {
    return wide_in_ ? light_[static_cast<const std::uint16_t*>(in)[at]]
                    : light_[static_cast<const std::uint8_t*>(in)[at]];
  }

  // The light of a display for that of the scene, in reference whites.
  [[nodiscard]] double Display(const float* light) const {
    if (!scene_) return 1;
    double sum = light[0];
    if (channels_ == 3)
      sum =
          kShares[0] * light[0] + kShares[1] * light[1] + kShares[2] * light[2];
    return kPeak * std::pow(std::max(sum, 0.0), kSystemGamma - 1);
  }

  void MapPixel(const float* light, std::uint16_t* codes) const {
    const double display = Display(light);
    const double strongest = *std::max_element(light, light + channels_);
    const double factor = display * FactorFor(strongest * display);
    for (std::size_t c = 0; c < channels_; ++c)
      codes[c] = Code16(light[c] * factor);
  }

  const bool scene_;  // the table holds light of the scene, not of a display
  const std::size_t channels_;
  const bool wide_in_;
  const ToneMapParts parts_;
  std::vector<float> light_;  // of each code
};

}  // namespace

double ToneMapped(double light) {
  return std::clamp(light * FactorFor(light), 0.0, 1.0);
}

std::shared_ptr<const ColourTransform> MakeToneMap(const Curve& curve,
                                                   int channels, bool wide_in,
                                                   ToneMapParts parts) {
  if (parts.shown == nullptr) return nullptr;
  return std::make_shared<ToneMap>(curve, channels, wide_in, std::move(parts));
}

}  // namespace thumbmill
