#include "coordinator/engine/time_budget.h"

#include <algorithm>

namespace thumbmill {
namespace {

// The allowance of every image, whatever its size. It includes the start of the
// worker's libraries.
constexpr double kBaseNs = 4e9;
// Measured at -O1: 20 ns per pixel for PNG with 16-bit RGBA, 11 for Adam7, 5
// for AVIF, 1 to 2 for JPEG.
constexpr double kPixelNs = 400;
constexpr double kOutputPixelNs = 400;
// A slow entropy decoder takes 100 ns per byte.
constexpr double kByteNs = 1000;
// A scan of a progressive JPEG visits each block of 64 samples, which takes
// about 5 ns per block.
constexpr double kBlockScanNs = 100;
constexpr double kBlockSamples = 64;
// The wall limit is larger than the CPU limit: cores may be shared, and a
// worker may have to wait for one.
constexpr double kWallBaseNs = 6e9;
constexpr double kWallFactor = 2;

// A rough expectation for a plain JPEG: the base, then the time per source
// pixel, input byte and output pixel.
constexpr double kExpectedBaseNs = 50e3;
constexpr double kExpectedPixelNs = 2;
constexpr double kExpectedByteNs = 8;
constexpr double kExpectedOutputPixelNs = 30;

Millis ToMillis(double ns, Millis bound) {
  const double ms = std::min(ns / 1e6, static_cast<double>(bound.count()));
  return Millis(static_cast<Millis::rep>(ms));
}

double ScansNs(const ImageHeader& header, std::uint32_t max_scans) {
  if (!header.progressive) return 0;
  const double pixels = static_cast<double>(header.width) * header.height;
  const double samples = header.samples != 0
                             ? static_cast<double>(header.samples)
                             : pixels * header.components;
  return samples / kBlockSamples * max_scans * kBlockScanNs;
}

Micros Expected(const std::optional<ImageHeader>& header,
                std::uint64_t input_bytes, std::uint64_t output_pixels) {
  double ns = kExpectedBaseNs +
              kExpectedByteNs * static_cast<double>(input_bytes) +
              kExpectedOutputPixelNs * static_cast<double>(output_pixels);
  if (header) ns += kExpectedPixelNs * header->width * header->height;
  return Micros(static_cast<Micros::rep>(std::min(ns / 1e3, 1e12)));
}

}  // namespace

TimeBudget BudgetOf(const std::optional<ImageHeader>& header,
                    std::uint64_t input_bytes, std::uint64_t output_pixels,
                    std::uint32_t max_scans, Millis bound) {
  double ns = kBaseNs + kByteNs * static_cast<double>(input_bytes) +
              kOutputPixelNs * static_cast<double>(output_pixels);
  if (header) {
    ns += kPixelNs * header->width * header->height;
    ns += ScansNs(*header, max_scans);
  }
  return {ToMillis(ns, bound), ToMillis(kWallBaseNs + kWallFactor * ns, bound),
          Expected(header, input_bytes, output_pixels)};
}

}  // namespace thumbmill
