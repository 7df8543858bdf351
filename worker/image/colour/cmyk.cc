// Shows CMYK without a profile as libvips 8.18 and sharp do: with the profile
// in print_profile.icc, and the darkest ink made black. At first use a table is
// computed with the colours of 17 amounts of each ink, as Little CMS does for
// speed. Colours between these amounts are mixed from entries of the table.
// The result is within 1 level of sharp over all inks. The table takes 250 KB
// and, once, about 0.1 s.
#include <lcms2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "worker/image/colour/colour.h"
#include "worker/image/colour/print_profile.h"

namespace thumbmill {
namespace {

constexpr std::size_t kSteps = 17;
constexpr std::size_t kCells = kSteps - 1;
constexpr std::size_t kNodes = kSteps * kSteps * kSteps * kSteps;
// Nodes from one amount of an ink to the next. K varies fastest.
constexpr std::array<std::size_t, 4> kStride = {kSteps * kSteps * kSteps,
                                                kSteps* kSteps, kSteps, 1};

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
struct DeleteTransform {
  void operator()(void* transform) const { cmsDeleteTransform(transform); }
};
struct DeleteContext {
  void operator()(cmsContext context) const { cmsDeleteContext(context); }
};
using Profile = std::unique_ptr<void, CloseProfile>;
using Transform = std::unique_ptr<void, DeleteTransform>;
using Context =
    std::unique_ptr<std::remove_pointer_t<cmsContext>, DeleteContext>;

using Colour = std::array<double, 3>;

// Throws if Little CMS returned null. The profiles are our own, so lack of
// memory is the only reason for it here.
template <typename T>
T Made(T thing) {
  if (thing == nullptr) throw std::bad_alloc();
  return thing;
}

// Converts inks (0-100) to XYZ, and XYZ to sRGB (0-1, and beyond for a colour
// outside the range of sRGB).
class Printer {
 public:
  Printer()
      : context_(Made(Context(cmsCreateContext(nullptr, nullptr)))),
        to_xyz_(Make(Print(), TYPE_CMYK_DBL, Xyz(), TYPE_XYZ_DBL)),
        to_rgb_(Make(Xyz(), TYPE_XYZ_DBL, Srgb(), TYPE_RGB_DBL)),
        black_(XyzOf({100, 100, 100, 100})),
        white_(XyzOf({0, 0, 0, 0})) {}

  [[nodiscard]] Colour Show(const std::array<double, 4>& inks) const {
    Colour xyz = XyzOf(inks), rgb;
    // Black point compensation: the darkest ink becomes 0, white stays white.
    for (std::size_t i = 0; i < 3; ++i)
      xyz[i] = (xyz[i] - black_[i]) * white_[i] / (white_[i] - black_[i]);
    cmsDoTransform(to_rgb_.get(), xyz.data(), rgb.data(), 1);
    return rgb;
  }

 private:
  [[nodiscard]] Profile Print() const {
    const ByteSpan icc = PrintProfile();
    return Made(Profile(cmsOpenProfileFromMemTHR(
        context_.get(), icc.data(), static_cast<cmsUInt32Number>(icc.size()))));
  }
  [[nodiscard]] Profile Xyz() const {
    return Made(Profile(cmsCreateXYZProfileTHR(context_.get())));
  }
  [[nodiscard]] Profile Srgb() const {
    return Made(Profile(cmsCreate_sRGBProfileTHR(context_.get())));
  }
  [[nodiscard]] Transform Make(const Profile& from, cmsUInt32Number from_format,
                               const Profile& to,
                               cmsUInt32Number to_format) const {
    return Made(Transform(cmsCreateTransformTHR(
        context_.get(), from.get(), from_format, to.get(), to_format,
        INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOOPTIMIZE | cmsFLAGS_NOCACHE)));
  }
  [[nodiscard]] Colour XyzOf(const std::array<double, 4>& inks) const {
    Colour xyz;
    cmsDoTransform(to_xyz_.get(), inks.data(), xyz.data(), 1);
    return xyz;
  }

  Context context_;
  Transform to_xyz_;
  Transform to_rgb_;
  Colour black_;
  Colour white_;
};

using Table = std::array<std::array<std::uint8_t, 3>, kNodes>;

Table MakeTable() {
  const Printer printer;
  Table table;
  for (std::size_t node = 0; node < kNodes; ++node) {
    std::array<double, 4> inks;
    for (std::size_t i = 0; i < 4; ++i)
      inks[i] = static_cast<double>(node / kStride[i] % kSteps) * 100 / kCells;
    const Colour rgb = printer.Show(inks);
    for (std::size_t c = 0; c < 3; ++c)
      table[node][c] = static_cast<std::uint8_t>(
          std::lround(std::clamp(rgb[c], 0.0, 1.0) * 255));
  }
  return table;
}

// Position of an ink between two amounts of the table: the lower one, and the
// distance from it in 1/4096.
struct Place {
  std::size_t step;
  std::int32_t part;
};
constexpr std::int32_t kWhole = 4096;

Place PlaceOf(std::uint8_t ink) {
  const std::size_t along = (ink * kCells * kWhole * 2 + 255) / (2 * 255);
  const std::size_t step = std::min(along / kWhole, kCells - 1);
  return {step, static_cast<std::int32_t>(along - step * kWhole)};
}

// The four corners of a cell of M, Y and K that are mixed, with their weights.
// They lie on a path from the corner with the least ink to the one with the
// most. The path adds the inks one by one, first the one that is furthest
// along. On a face between two cells both give the same colours.
struct Path {
  std::array<std::size_t, 4> offset{};
  std::array<std::int32_t, 4> weight{};
};

Path PathOf(const std::array<Place, 4>& inks) {
  std::array<std::size_t, 3> order = {1, 2, 3};
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) {
                     return inks[a].part > inks[b].part;
                   });
  Path path;
  path.weight[0] = kWhole;
  for (std::size_t i = 0; i < 3; ++i) {
    path.offset[i + 1] = path.offset[i] + kStride[order[i]];
    path.weight[i] -= inks[order[i]].part;
    path.weight[i + 1] = inks[order[i]].part;
  }
  return path;
}

}  // namespace

void CmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb,
               std::uint32_t pixels) {
  static const Table table = MakeTable();
  for (std::uint32_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    std::array<Place, 4> inks;
    std::size_t node = 0;
    for (std::size_t ink = 0; ink < 4; ++ink) {
      inks[ink] = PlaceOf(cmyk[ink]);
      node += inks[ink].step * kStride[ink];
    }
    const Path path = PathOf(inks);
    for (std::size_t c = 0; c < 3; ++c) {
      std::int32_t less = 0, more = 0;  // the colours at two amounts of C
      for (std::size_t k = 0; k < 4; ++k) {
        less += table[node + path.offset[k]][c] * path.weight[k];
        more += table[node + kStride[0] + path.offset[k]][c] * path.weight[k];
      }
      // The division by 16 keeps the products within 32 bits.
      const std::int32_t mixed =
          less * (kWhole / 16) + (more - less) / 16 * inks[0].part;
      rgb[c] = static_cast<std::uint8_t>((mixed + (1 << 19)) >> 20);
    }
  }
}

}  // namespace thumbmill
