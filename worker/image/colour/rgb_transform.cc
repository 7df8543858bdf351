#include "worker/image/colour/rgb_transform.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "worker/image/colour/tone_map.h"

namespace thumbmill {
namespace {

using Light = std::array<float, 3>;

constexpr float kMost = 65535;
// Shares of red, green and blue in the light of white, BT.2020.
constexpr Light kShares = {0.2627F, 0.6780F, 0.0593F};

Light Times(const LightMatrix& m, const Light& v) {
  Light out;
  for (std::size_t i = 0; i < 3; ++i)
    out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return out;
}

std::vector<float> MakeLight(const Curve& curve, bool wide) {
  std::vector<float> light(wide ? 65536 : 256);
  const double most = static_cast<double>(light.size() - 1);
  for (std::size_t code = 0; code < light.size(); ++code)
    light[code] =
        static_cast<float>(LightOf(curve, static_cast<double>(code) / most));
  return light;
}

class RgbTransform final : public ColourTransform {
 public:
  explicit RgbTransform(const RgbConversion& conversion)
      : conversion_(conversion),
        light_(MakeLight(conversion.curve, conversion.widths.wide_in)),
        codes_(conversion_.codes->data()) {}

  void Apply(const void* in, void* out, std::uint32_t pixels) const override {
    if (conversion_.widths.wide_in) {
      ApplyTo(static_cast<const std::uint16_t*>(in), out, pixels);
    } else {
      ApplyTo(static_cast<const std::uint8_t*>(in), out, pixels);
    }
  }

 private:
  template <typename In>
  void ApplyTo(const In* in, void* out, std::size_t pixels) const {
    if (conversion_.widths.wide_out) {
      Convert(in, static_cast<std::uint16_t*>(out), pixels);
    } else {
      Convert(in, static_cast<std::uint8_t*>(out), pixels);
    }
  }

  template <typename In, typename Out>
  void Convert(const In* in, Out* out, std::size_t pixels) const {
    const auto channels = static_cast<std::size_t>(conversion_.channels);
    for (std::size_t at = 0; at < pixels * channels; at += channels) {
      const Light light = channels == 1
                              ? Grey(light_[in[at]])
                              : Colour({light_[in[at]], light_[in[at + 1]],
                                        light_[in[at + 2]]});
      for (std::size_t c = 0; c < channels; ++c) Store(light[c], &out[at + c]);
    }
  }

  [[nodiscard]] Light Grey(float light) const {
    if (conversion_.curve.is_hdr()) light = Mapped({light, light, light})[0];
    return {light, light, light};
  }
  [[nodiscard]] Light Colour(const Light& light) const {
    const Light working = Times(conversion_.to_working, light);
    if (!conversion_.curve.is_hdr()) return working;
    return Times(conversion_.to_srgb, Mapped(working));
  }
  [[nodiscard]] Light Mapped(const Light& light) const {
    double factor = 1;
    if (conversion_.curve.kind == Curve::Kind::kHlg)
      factor = HlgDisplayFactor(kShares[0] * light[0] + kShares[1] * light[1] +
                                kShares[2] * light[2]);
    factor *=
        ToneMapFactor(*std::max_element(light.begin(), light.end()) * factor);
    const auto by = static_cast<float>(factor);
    return {light[0] * by, light[1] * by, light[2] * by};
  }

  [[nodiscard]] std::uint32_t Code(float light) const {
    // A NaN, which absurd primaries may give, compares false and becomes black.
    const float bounded = light > 0 ? std::min(light, 1.0F) : 0;
    // The value is positive, and std::lround would be a call per sample.
    // NOLINTNEXTLINE(bugprone-incorrect-roundings)
    return codes_[static_cast<std::size_t>(bounded * kMost + 0.5F)];
  }
  void Store(float light, std::uint16_t* out) const {
    *out = static_cast<std::uint16_t>(Code(light));
  }
  void Store(float light, std::uint8_t* out) const {
    *out = static_cast<std::uint8_t>((Code(light) * 255 + 32767) / 65535);
  }

  const RgbConversion conversion_;
  const std::vector<float> light_;    // by code
  const std::uint16_t* const codes_;  // by light, in steps of 1 / 65535
};

}  // namespace

// 65,536 steps of light are enough: even at black, where sRGB is steepest, one
// step is a twentieth of an 8-bit code.
std::shared_ptr<const CodesOfLight> MakeCodesOfLight() {
  CodesOfLight codes(65536);
  for (std::size_t i = 0; i < codes.size(); ++i)
    codes[i] = static_cast<std::uint16_t>(
        std::lround(SrgbCodeOf(static_cast<double>(i) / kMost) * kMost));
  return std::make_shared<const CodesOfLight>(std::move(codes));
}

std::shared_ptr<const ColourTransform> MakeRgbTransform(
    const RgbConversion& conversion) {
  return std::make_shared<RgbTransform>(conversion);
}

}  // namespace thumbmill
