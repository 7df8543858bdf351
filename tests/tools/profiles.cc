#include "tests/tools/profiles.h"

#include <lcms2.h>

#include <array>

#include "common/check.h"

namespace thumbmill::testing {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes Saved(cmsHPROFILE profile) {
  CHECK(profile != nullptr);
  cmsUInt32Number size = 0;
  CHECK(cmsSaveProfileToMem(profile, nullptr, &size));
  Bytes bytes(size);
  CHECK(cmsSaveProfileToMem(profile, bytes.data(), &size));
  cmsCloseProfile(profile);
  return bytes;
}

constexpr cmsCIExyY kD65 = {0.3127, 0.3290, 1};

Bytes RgbProfile(const cmsCIExyYTRIPLE& primaries, cmsToneCurve* curve) {
  std::array curves = {curve, curve, curve};
  const cmsHPROFILE profile =
      cmsCreateRGBProfile(&kD65, &primaries, curves.data());
  cmsFreeToneCurve(curve);
  return Saved(profile);
}

// Fills one table entry. `in` holds the four inks, each absent or full; `out`
// gets the lightness that is left, without colour.
cmsInt32Number Darken(const cmsUInt16Number in[], cmsUInt16Number out[],
                      void*) {
  double light = 1;
  for (int i = 0; i < 4; ++i) light *= 1 - 0.7 * in[i] / 65535.0;
  out[0] = static_cast<cmsUInt16Number>(0xFF00 * light);
  out[1] = out[2] = 0x8000;
  return TRUE;
}

}  // namespace

Bytes SrgbProfile() { return Saved(cmsCreate_sRGBProfile()); }

Bytes AdobeRgbProfile() {
  constexpr cmsCIExyYTRIPLE kPrimaries = {
      {0.64, 0.33, 1}, {0.21, 0.71, 1}, {0.15, 0.06, 1}};
  return RgbProfile(kPrimaries, cmsBuildGamma(nullptr, 563 / 256.0));
}

Bytes DisplayP3Profile() {
  constexpr cmsCIExyYTRIPLE kPrimaries = {
      {0.68, 0.32, 1}, {0.265, 0.69, 1}, {0.15, 0.06, 1}};
  constexpr cmsFloat64Number kCurve[] = {2.4, 1 / 1.055, 0.055 / 1.055,
                                         1 / 12.92, 0.04045};
  return RgbProfile(kPrimaries,
                    cmsBuildParametricToneCurve(nullptr, 4, kCurve));
}

Bytes GreyProfile(double gamma) {
  cmsToneCurve* curve = cmsBuildGamma(nullptr, gamma);
  const cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
  cmsFreeToneCurve(curve);
  return Saved(profile);
}

Bytes CmykProfile() {
  const cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
  cmsSetProfileVersion(profile, 2.1);
  cmsSetDeviceClass(profile, cmsSigOutputClass);
  cmsSetColorSpace(profile, cmsSigCmykData);
  cmsSetPCS(profile, cmsSigLabData);
  cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, 4, 3);
  cmsStage* table = cmsStageAllocCLut16bit(nullptr, 5, 4, 3, nullptr);
  CHECK(cmsStageSampleCLut16bit(table, Darken, nullptr, 0));
  CHECK(cmsPipelineInsertStage(pipeline, cmsAT_END, table));
  CHECK(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
  cmsPipelineFree(pipeline);
  return Saved(profile);
}

}  // namespace thumbmill::testing
