#include "worker/image/codec/png_colour.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace thumbmill {
namespace {

constexpr double kUnit = 100000;  // gAMA and cHRM store numbers times this

// libpng's range. A picture with a gamma outside of it would show nothing.
constexpr std::uint32_t kLeastGamma = 16, kMostGamma = 625'000'000;

std::uint32_t U32(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | bytes[at + 1] << 16 |
         bytes[at + 2] << 8 | bytes[at + 3];
}

// Warns that a chunk is ignored.
void Ignore(std::string_view type, std::string_view why,
            DecodeWarnings* warnings) {
  warnings->Add(Severity::kMinor,
                std::string(type) + " ignored: " + std::string(why));
}

std::optional<RgbSpace> ReadCicp(ByteSpan data, DecodeWarnings* warnings) {
  if (data.size() != 4) {
    Ignore("cICP", "its length is wrong", warnings);
    return std::nullopt;
  }
  const auto primaries = PrimariesOf(data[0]);
  const auto curve = CurveOf(data[1], VideoCurves::kBt1886);
  if (data[2] == 0 && data[3] == 1 && primaries && curve)
    return RgbSpace{*primaries, *curve};
  Ignore("cICP", "no colours that are known, of full range", warnings);
  return std::nullopt;
}

bool IsSrgb(ByteSpan data, DecodeWarnings* warnings) {
  if (data.size() == 1 && data[0] < 4) return true;
  Ignore("sRGB", "its value is not legal", warnings);
  return false;
}

std::optional<std::uint32_t> ReadGamma(ByteSpan data,
                                       DecodeWarnings* warnings) {
  const std::uint32_t gamma = data.size() == 4 ? U32(data, 0) : 0;
  if (gamma >= kLeastGamma && gamma <= kMostGamma) return gamma;
  Ignore("gAMA", "its value is not legal", warnings);
  return std::nullopt;
}

// Reads the primaries. Their corners may lie anywhere if the white point lies
// between them.
std::optional<Primaries> ReadPrimaries(ByteSpan data,
                                       DecodeWarnings* warnings) {
  const auto point = [&](std::size_t index) {
    return Chromaticity{U32(data, 8 * index) / kUnit,
                        U32(data, 8 * index + 4) / kUnit};
  };
  if (data.size() == 32) {
    const Primaries primaries{point(0), point(1), point(2), point(3)};
    const auto shares = SharesOf(primaries);
    if (shares && shares->red > 0 && shares->green > 0 && shares->blue > 0)
      return primaries;
  }
  Ignore("cHRM", "its colours do not span a space", warnings);
  return std::nullopt;
}

// Returns true if the primaries are sRGB's, up to the rounding of writers.
bool AreSrgbs(const Primaries& primaries) {
  const auto near = [](const Chromaticity& a, const Chromaticity& b) {
    return std::abs(a.x - b.x) < 0.0015 && std::abs(a.y - b.y) < 0.0015;
  };
  const Primaries srgb;
  return near(primaries.white, srgb.white) && near(primaries.red, srgb.red) &&
         near(primaries.green, srgb.green) && near(primaries.blue, srgb.blue);
}

// Returns true within one per cent of 1 / 2.2, the value that writers of sRGB
// use.
bool IsSrgbs(std::uint32_t gamma) {
  const double exact = kUnit / 2.2;
  return std::abs(gamma - exact) <= 0.01 * exact + 0.5;
}

// Returns sRGB for cHRM without gAMA, since no curve is known, and for a gAMA
// whose cHRM is broken. Chromium and libpng do the same.
RgbSpace ReadGammaAndPrimaries(const PngHead& head, DecodeWarnings* warnings) {
  RgbSpace space;
  if (head.chrm) {
    const auto primaries = ReadPrimaries(*head.chrm, warnings);
    if (!primaries) return RgbSpace();
    space.primaries = *primaries;
  }
  if (!head.gama) return RgbSpace();
  const auto gamma = ReadGamma(*head.gama, warnings);
  if (!gamma) return RgbSpace();
  if (AreSrgbs(space.primaries) && IsSrgbs(*gamma)) return RgbSpace();
  space.curve = {Curve::Kind::kGamma, kUnit / *gamma};
  return space;
}

}  // namespace

PngColour ReadPngColour(const PngHead& head, DecodeWarnings* warnings) {
  if (head.cicp)
    if (const auto space = ReadCicp(*head.cicp, warnings))
      return {*space, true};
  if (head.srgb && IsSrgb(*head.srgb, warnings)) return {};
  return {ReadGammaAndPrimaries(head, warnings), false};
}

}  // namespace thumbmill
