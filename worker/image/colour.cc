#include "worker/image/colour.h"

#include <lcms2.h>

#include <algorithm>
#include <array>
#include <utility>

namespace thumbmill {
namespace {

int ChannelsOf(ColourModel model) {
  switch (model) {
    case ColourModel::kGrey:
      return 1;
    case ColourModel::kCmyk:
    case ColourModel::kYcck:
      return 4;
    default:
      return 3;
  }
}

cmsColorSpaceSignature SpaceOf(int channels) {
  if (channels == 1) return cmsSigGrayData;
  return channels == 3 ? cmsSigRgbData : cmsSigCmykData;
}

cmsUInt32Number InputFormat(int channels, bool wide) {
  if (channels == 1) return wide ? TYPE_GRAY_16 : TYPE_GRAY_8;
  if (channels == 3) return wide ? TYPE_RGB_16 : TYPE_RGB_8;
  return wide ? TYPE_CMYK_16 : TYPE_CMYK_8;
}

class LcmsTransform final : public ColourTransform {
 public:
  explicit LcmsTransform(cmsHTRANSFORM transform) : transform_(transform) {}
  ~LcmsTransform() override { cmsDeleteTransform(transform_); }
  LcmsTransform(const LcmsTransform&) = delete;
  LcmsTransform& operator=(const LcmsTransform&) = delete;

  void Apply(const void* in, std::uint8_t* out,
             std::uint32_t pixels) const override {
    cmsDoTransform(transform_, in, out, pixels);
  }

 private:
  cmsHTRANSFORM transform_;
};

std::uint8_t Clamp8(std::int32_t value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

}  // namespace

class ColourTransforms::Engine {
 public:
  Engine() : context_(cmsCreateContext(nullptr, nullptr)) {
    cmsSetLogErrorHandlerTHR(context_,
                             [](cmsContext, cmsUInt32Number, const char*) {});
    rgb_ = cmsCreate_sRGBProfileTHR(context_);
    grey_ = MakeGrey();
  }
  ~Engine() {
    cmsCloseProfile(rgb_);
    cmsCloseProfile(grey_);
    cmsDeleteContext(context_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] std::shared_ptr<const ColourTransform> Make(ByteSpan icc,
                                                            int channels,
                                                            bool wide) {
    const cmsHPROFILE profile = cmsOpenProfileFromMemTHR(
        context_, icc.data(), static_cast<cmsUInt32Number>(icc.size()));
    if (profile == nullptr) return nullptr;
    cmsHTRANSFORM transform = nullptr;
    if (cmsGetColorSpace(profile) == SpaceOf(channels))
      transform = cmsCreateTransformTHR(
          context_, profile, InputFormat(channels, wide),
          channels == 1 ? grey_ : rgb_,
          channels == 1 ? TYPE_GRAY_8 : TYPE_RGB_8, INTENT_PERCEPTUAL, 0);
    cmsCloseProfile(profile);
    if (transform == nullptr) return nullptr;
    return std::make_shared<LcmsTransform>(transform);
  }

 private:
  // Grey with the curve of sRGB.
  cmsHPROFILE MakeGrey() {
    const cmsFloat64Number parameters[] = {2.4, 1 / 1.055, 0.055 / 1.055,
                                           1 / 12.92, 0.04045};
    cmsToneCurve* curve = cmsBuildParametricToneCurve(context_, 4, parameters);
    const cmsHPROFILE profile =
        cmsCreateGrayProfileTHR(context_, cmsD50_xyY(), curve);
    cmsFreeToneCurve(curve);
    return profile;
  }

  cmsContext context_;
  cmsHPROFILE rgb_ = nullptr;
  cmsHPROFILE grey_ = nullptr;
};

ColourTransforms::ColourTransforms() = default;

ColourTransforms::~ColourTransforms() {
  entries_.clear();  // before the context that they were made in
}

std::shared_ptr<const ColourTransform> ColourTransforms::Get(
    ByteSpan icc, ColourModel model, bool wide, Complaints* complaints) {
  const int channels = ChannelsOf(model);
  if (icc.empty() || (channels == 3 && IsSrgbProfile(icc))) return nullptr;
  auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
        return e.channels == channels && e.wide == wide &&
               std::ranges::equal(e.icc, icc);
      });
  if (found == entries_.end()) {
    if (engine_ == nullptr) engine_ = std::make_unique<Engine>();
    entries_.push_front({{icc.begin(), icc.end()},
                         channels,
                         wide,
                         engine_->Make(icc, channels, wide)});
    found = entries_.begin();
    if (entries_.size() > kMaxEntries) entries_.pop_back();
  }
  if (found->transform == nullptr)
    complaints->Add(Severity::kMinor, "unusable colour profile");
  return found->transform;
}

void YccToRgb(const std::uint8_t* y, const std::uint8_t* cb,
              const std::uint8_t* cr, std::uint8_t* rgb, std::uint32_t pixels) {
  // 1.402, 0.344136, 0.714136, 1.772 with 16 fraction bits.
  constexpr std::int32_t kCrR = 91881, kCbG = 22554, kCrG = 46802,
                         kCbB = 116130, kHalf = 1 << 15;
  for (std::uint32_t i = 0; i < pixels; ++i) {
    const std::int32_t b = cb[i] - 128, r = cr[i] - 128;
    rgb[3 * i] = Clamp8(y[i] + ((kCrR * r + kHalf) >> 16));
    rgb[3 * i + 1] = Clamp8(y[i] + ((-kCbG * b - kCrG * r + kHalf) >> 16));
    rgb[3 * i + 2] = Clamp8(y[i] + ((kCbB * b + kHalf) >> 16));
  }
}

}  // namespace thumbmill
