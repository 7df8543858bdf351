#include "worker/image/colour/colour.h"

#include <lcms2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "worker/image/colour/interleave.h"
#include "worker/image/colour/rgb_transform.h"

namespace thumbmill {
namespace {

cmsColorSpaceSignature SignatureOf(int channels) {
  if (channels == 1) return cmsSigGrayData;
  return channels == 3 ? cmsSigRgbData : cmsSigCmykData;
}

cmsUInt32Number FormatOf(int channels, bool wide) {
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

  void Apply(const void* in, void* out, std::uint32_t pixels) const override {
    cmsDoTransform(transform_, in, out, pixels);
  }

 private:
  cmsHTRANSFORM transform_;
};

std::uint8_t Clamp8(std::int32_t value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// Factors with 16 fraction bits.
struct YccWeights {
  std::int32_t y, cr_r, cb_g, cr_g, cb_b;
};

// Computes the factors from the weights of red and blue in Y (ITU-R BT.601,
// BT.709 and BT.2020).
constexpr YccWeights WeightsFrom(double red, double blue, bool limited) {
  const double green = 1 - red - blue;
  const double luma = limited ? 255.0 / 219 : 1;
  const double chroma = limited ? 255.0 / 224 : 1;
  const auto fixed = [](double value) {
    // The value is positive, and std::lround is no constant expression.
    // NOLINTNEXTLINE(bugprone-incorrect-roundings)
    return static_cast<std::int32_t>(value * 65536 + 0.5);
  };
  return {fixed(luma), fixed(2 * (1 - red) * chroma),
          fixed(2 * (1 - blue) * blue / green * chroma),
          fixed(2 * (1 - red) * red / green * chroma),
          fixed(2 * (1 - blue) * chroma)};
}

constexpr YccWeights kYccWeights[3][2] = {
    {WeightsFrom(0.299, 0.114, false), WeightsFrom(0.299, 0.114, true)},
    {WeightsFrom(0.2126, 0.0722, false), WeightsFrom(0.2126, 0.0722, true)},
    {WeightsFrom(0.2627, 0.0593, false), WeightsFrom(0.2627, 0.0593, true)}};

using ByteTable = std::array<std::uint8_t, 256>;

// Scales the distance of a value from zero by `to` / `from`, rounded to the
// nearest.
constexpr ByteTable ScaleTable(int zero_from, int from, int zero_to, int to) {
  ByteTable table{};
  for (int value = 0; value < 256; ++value) {
    const int scaled = (value - zero_from) * to;
    const int rounded = (2 * scaled + (scaled < 0 ? -from : from)) / (2 * from);
    table[static_cast<std::size_t>(value)] =
        static_cast<std::uint8_t>(std::clamp(zero_to + rounded, 0, 255));
  }
  return table;
}

void LookUp(const ByteTable& table, std::uint8_t* row, std::uint32_t samples) {
  for (std::uint32_t x = 0; x < samples; ++x) row[x] = table[row[x]];
}

void LookUp(const ByteTable& table, const Plane& plane) {
  for (std::uint32_t y = 0; y < plane.height(); ++y)
    LookUp(table, plane.Row(y), plane.width());
}

constexpr ByteTable kVideoLuma = ScaleTable(0, 255, 16, 219);
constexpr ByteTable kFullLuma = ScaleTable(16, 219, 0, 255);
constexpr ByteTable kVideoChroma = ScaleTable(128, 255, 128, 224);
constexpr ByteTable kFullChroma = ScaleTable(128, 224, 128, 255);

}  // namespace

class ColourTransforms::Engine {
 public:
  Engine() : context_(cmsCreateContext(nullptr, nullptr)) {
    // Files may carry damaged profiles: Make() reports them by its null, and
    // Little CMS need not write messages.
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
                                                            SampleWidths w) {
    const cmsHPROFILE profile = cmsOpenProfileFromMemTHR(
        context_, icc.data(), static_cast<cmsUInt32Number>(icc.size()));
    if (profile == nullptr) return nullptr;
    cmsHTRANSFORM transform = nullptr;
    if (cmsGetColorSpace(profile) == SignatureOf(channels))
      transform = cmsCreateTransformTHR(
          context_, profile, FormatOf(channels, w.wide_in),
          channels == 1 ? grey_ : rgb_,
          FormatOf(channels == 1 ? 1 : 3, w.wide_out), INTENT_PERCEPTUAL, 0);
    cmsCloseProfile(profile);
    if (transform == nullptr) return nullptr;
    return std::make_shared<LcmsTransform>(transform);
  }

  [[nodiscard]] std::shared_ptr<const ColourTransform> Make(
      const RgbSpace& space, int channels, SampleWidths w) {
    const Primaries srgb, bt2020 = *PrimariesOf(9);
    if (codes_ == nullptr) codes_ = MakeCodesOfLight();
    RgbConversion conversion{codes_, space.curve, channels, w, {}, {}};
    if (channels == 1) return MakeRgbTransform(conversion);
    // HDR light is mapped in BT.2020 (see tone_map.h), so it needs a second
    // matrix.
    const bool mapped = space.curve.is_hdr();
    if (!SetMatrix(space.primaries, mapped ? bt2020 : srgb,
                   &conversion.to_working))
      return nullptr;
    if (mapped && !SetMatrix(bt2020, srgb, &conversion.to_srgb)) return nullptr;
    return MakeRgbTransform(conversion);
  }

 private:
  // Computes the matrix between two sets of primaries, which adapts white to
  // white (Bradford). Returns false if there is none.
  [[nodiscard]] bool SetMatrix(const Primaries& from, const Primaries& to,
                               LightMatrix* matrix) {
    if (from == to) {
      *matrix = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
      return true;
    }
    const cmsHPROFILE in = MakeRgb(from), out = MakeRgb(to);
    cmsHTRANSFORM transform = nullptr;
    if (in != nullptr && out != nullptr)
      transform =
          cmsCreateTransformTHR(context_, in, TYPE_RGB_FLT, out, TYPE_RGB_FLT,
                                INTENT_PERCEPTUAL, cmsFLAGS_NOOPTIMIZE);
    cmsCloseProfile(in);
    cmsCloseProfile(out);
    if (transform == nullptr) return false;
    // The transform is linear, so its values for red, green and blue of full
    // strength are the columns of the matrix.
    for (std::size_t c = 0; c < 3; ++c) {
      std::array<float, 3> light{}, shown{};
      light[c] = 1;
      cmsDoTransform(transform, light.data(), shown.data(), 1);
      for (std::size_t i = 0; i < 3; ++i) (*matrix)[i][c] = shown[i];
    }
    cmsDeleteTransform(transform);
    return true;
  }

  // Makes a profile without a curve, whose values are linear light.
  cmsHPROFILE MakeRgb(const Primaries& primaries) {
    const auto point = [](const Chromaticity& p) {
      return cmsCIExyY{p.x, p.y, 1};
    };
    const cmsCIExyY white = point(primaries.white);
    const cmsCIExyYTRIPLE rgb = {point(primaries.red), point(primaries.green),
                                 point(primaries.blue)};
    cmsToneCurve* straight = cmsBuildGamma(context_, 1);
    cmsToneCurve* const curves[] = {straight, straight, straight};
    const cmsHPROFILE profile =
        cmsCreateRGBProfileTHR(context_, &white, &rgb, curves);
    cmsFreeToneCurve(straight);
    return profile;
  }

  // Makes a grey profile with the curve of sRGB.
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
  std::shared_ptr<const CodesOfLight> codes_;  // made at first use
};

ColourTransforms::ColourTransforms() = default;

ColourTransforms::~ColourTransforms() {
  entries_.clear();  // before engine_, whose context their transforms use
}

std::shared_ptr<const ColourTransform> ColourTransforms::Get(
    ByteSpan icc, ColourModel model, const SampleWidths& widths,
    DecodeWarnings* warnings) {
  const int channels = PixelChannels(model);
  if (icc.empty() || (channels == 3 && IsSrgbProfile(icc))) return nullptr;
  // An unusable profile is kept too, with a null transform, so that the next
  // picture with it does not try again.
  Entry key{{icc.begin(), icc.end()}, RgbSpace(), channels, widths, nullptr};
  const Entry* found = Find(key);
  if (found == nullptr) {
    key.transform = engine().Make(icc, channels, widths);
    found = &Keep(std::move(key));
  }
  if (found->transform == nullptr)
    warnings->Add(Severity::kMinor, "unusable colour profile");
  return found->transform;
}

std::shared_ptr<const ColourTransform> ColourTransforms::Get(
    const RgbSpace& space, ColourModel model, const SampleWidths& widths) {
  const int channels = PixelChannels(model);
  if (space.is_srgb() || channels > 3) return nullptr;
  Entry key{{}, space, channels, widths, nullptr};
  if (const Entry* found = Find(key)) return found->transform;
  key.transform = engine().Make(space, channels, widths);
  return Keep(std::move(key)).transform;
}

const ColourTransforms::Entry* ColourTransforms::Find(const Entry& key) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
        return e.channels == key.channels && e.widths == key.widths &&
               e.space == key.space && e.icc == key.icc;
      });
  return found == entries_.end() ? nullptr : &*found;
}

const ColourTransforms::Entry& ColourTransforms::Keep(Entry entry) {
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMaxEntries) entries_.pop_back();
  return entries_.front();
}

ColourTransforms::Engine& ColourTransforms::engine() {
  // Most pictures are sRGB and need no engine.
  if (engine_ == nullptr) engine_ = std::make_unique<Engine>();
  return *engine_;
}

void YccToRgb(const std::uint8_t* y, const std::uint8_t* cb,
              const std::uint8_t* cr, std::uint8_t* rgb, std::uint32_t pixels,
              const YccCode& code) {
  const YccWeights& k =
      kYccWeights[static_cast<int>(code.weights)][code.limited ? 1 : 0];
  constexpr std::int32_t kHalf = 1 << 15;
  const std::int32_t black = code.limited ? 16 : 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::int32_t b = cb[i] - 128, r = cr[i] - 128;
    const std::int32_t grey = k.y * (y[i] - black) + kHalf;
    rgb[3 * i] = Clamp8((grey + k.cr_r * r) >> 16);
    rgb[3 * i + 1] = Clamp8((grey - k.cb_g * b - k.cr_g * r) >> 16);
    rgb[3 * i + 2] = Clamp8((grey + k.cb_b * b) >> 16);
  }
}

void ToVideoRange(std::uint8_t* luma, std::uint32_t samples) {
  LookUp(kVideoLuma, luma, samples);
}

void ToFullRange(std::uint8_t* luma, std::uint32_t samples) {
  LookUp(kFullLuma, luma, samples);
}

void SetYccRange(PlaneSet* planes, bool limited) {
  if (planes->ycc.limited == limited) return;
  planes->ycc.limited = limited;
  LookUp(limited ? kVideoLuma : kFullLuma, planes->planes[0]);
  const ByteTable& chroma = limited ? kVideoChroma : kFullChroma;
  for (std::size_t p = 1; p < 3 && p < static_cast<std::size_t>(planes->count);
       ++p)
    LookUp(chroma, planes->planes[p]);
}

}  // namespace thumbmill
