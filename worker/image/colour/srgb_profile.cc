// Recognises sRGB among ICC profiles by their numbers, not by their name.
// Source: ICC.1:2010, sections 7 (header, tags), 10.5 (curve), 10.15
// (parametric curve), 10.31 (XYZ). All reads are bounds-checked: outside the
// profile they give 0.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/image/colour/colour.h"

namespace thumbmill {
namespace {

// sRGB's primaries, adapted to the profile space's white (D50).
constexpr double kPrimaries[3][3] = {{0.4361, 0.2225, 0.0139},
                                     {0.3851, 0.7169, 0.0971},
                                     {0.1431, 0.0606, 0.7141}};
constexpr double kPrimaryTolerance = 0.003;
constexpr double kCurveTolerance = 1.2 / 255;  // of an encoded value
constexpr std::uint32_t kMaxTags = 100;

double Encode(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear
                             : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

class Profile {
 public:
  explicit Profile(ByteSpan bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint32_t U16(std::size_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < 2) return 0;
    return static_cast<std::uint32_t>(bytes_[at]) << 8 | bytes_[at + 1];
  }
  [[nodiscard]] std::uint32_t U32(std::size_t at) const {
    return U16(at) << 16 | U16(at + 2);
  }
  [[nodiscard]] double Fixed(std::size_t at) const {
    return static_cast<std::int32_t>(U32(at)) / 65536.0;
  }
  [[nodiscard]] bool Is(std::size_t at, std::string_view word) const {
    return at <= bytes_.size() && bytes_.size() - at >= word.size() &&
           AsText(bytes_.subspan(at, word.size())) == word;
  }
  // Returns the offset of a tag's data, which may lie outside the profile.
  [[nodiscard]] std::optional<std::size_t> Tag(std::string_view name) const {
    const std::uint32_t count = std::min(U32(128), kMaxTags);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t entry = 132 + std::size_t{i} * 12;
      if (Is(entry, name)) return U32(entry + 4);
    }
    return std::nullopt;
  }

 private:
  ByteSpan bytes_;
};

bool HasPrimary(const Profile& profile, std::string_view name,
                const double (&expected)[3]) {
  const auto at = profile.Tag(name);
  if (!at || !profile.Is(*at, "XYZ ")) return false;
  for (std::size_t i = 0; i < 3; ++i)
    if (std::fabs(profile.Fixed(*at + 8 + 4 * i) - expected[i]) >
        kPrimaryTolerance)
      return false;
  return true;
}

double Table(const Profile& profile, std::size_t at, std::uint32_t count,
             double x) {
  const double place = x * (count - 1);
  const auto left = static_cast<std::uint32_t>(place);
  const std::uint32_t right = left + 1 < count ? left + 1 : left;
  const double a = profile.U16(at + 12 + std::size_t{left} * 2);
  const double b = profile.U16(at + 12 + std::size_t{right} * 2);
  return (a + (b - a) * (place - left)) / 65535;
}

// Returns the light of code x, or -1 for a curve of another form than those
// used for sRGB: a table, or the parametric function of type 3.
double Curve(const Profile& profile, std::size_t at, double x) {
  const std::uint32_t count = profile.U32(at + 8);
  if (profile.Is(at, "curv"))
    return count < 2 || count > 65536 ? -1 : Table(profile, at, count, x);
  if (!profile.Is(at, "para") || profile.U16(at + 8) != 3) return -1;
  const double g = profile.Fixed(at + 12), a = profile.Fixed(at + 16),
               b = profile.Fixed(at + 20), c = profile.Fixed(at + 24),
               d = profile.Fixed(at + 28);
  return x >= d ? std::pow(a * x + b, g) : c * x;
}

bool HasCurve(const Profile& profile, std::string_view name) {
  const auto at = profile.Tag(name);
  if (!at) return false;
  constexpr int kPoints = 16;
  for (int i = 0; i <= kPoints; ++i) {
    const double x = static_cast<double>(i) / kPoints;
    const double linear = Curve(profile, *at, x);
    // The comparisons are false for a NaN, so it is rejected.
    if (!(linear >= 0 && std::fabs(Encode(linear) - x) <= kCurveTolerance))
      return false;
  }
  return true;
}

}  // namespace

bool IsSrgbProfile(ByteSpan icc) {
  const Profile profile(icc);
  return profile.Is(36, "acsp") && profile.Is(16, "RGB ") &&
         profile.Is(20, "XYZ ") && !profile.Tag("A2B0") &&
         HasPrimary(profile, "rXYZ", kPrimaries[0]) &&
         HasPrimary(profile, "gXYZ", kPrimaries[1]) &&
         HasPrimary(profile, "bXYZ", kPrimaries[2]) &&
         HasCurve(profile, "rTRC") && HasCurve(profile, "gTRC") &&
         HasCurve(profile, "bTRC");
}

}  // namespace thumbmill
