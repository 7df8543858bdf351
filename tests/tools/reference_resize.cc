#include "tests/tools/reference_resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace thumbmill::testing {
namespace {

double Lanczos3(double x) {
  if (x == 0) return 1;
  if (std::fabs(x) >= 3) return 0;
  const double t = x * std::numbers::pi;
  return 3 * std::sin(t) * std::sin(t / 3) / (t * t);
}

// Weights of one output sample for the input samples from `first` on. Samples
// outside the picture do not exist, so the weights are scaled to add up to 1.
struct Window {
  std::size_t first = 0;
  std::vector<double> weights;
};

std::vector<Window> WindowsOf(std::size_t from, std::size_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double stretch = std::max(scale, 1.0);
  std::vector<Window> windows(to);
  for (std::size_t i = 0; i < to; ++i) {
    Window& window = windows[i];
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const double first = std::max(std::floor(centre - 3 * stretch), 0.0);
    const double end =
        std::min(centre + 3 * stretch + 1, static_cast<double>(from));
    window.first = static_cast<std::size_t>(first);
    double sum = 0;
    for (double at = first; at < end; ++at) {
      window.weights.push_back(Lanczos3((at + 0.5 - centre) / stretch));
      sum += window.weights.back();
    }
    for (double& weight : window.weights) weight /= sum;
  }
  return windows;
}

}  // namespace

// Resizes to `width` first, then does the same to the columns.
std::vector<double> ResizeExactly(const Picture& p, std::uint32_t width,
                                  std::uint32_t height) {
  const auto channels = static_cast<std::size_t>(p.channels);
  const std::size_t stride = width * channels;
  std::vector<double> narrow(stride * p.height);
  const auto columns = WindowsOf(p.width, width);
  for (std::size_t y = 0; y < p.height; ++y)
    for (std::size_t i = 0; i < stride; ++i) {
      const Window& window = columns[i / channels];
      const std::uint8_t* in =
          &p.samples[(y * p.width + window.first) * channels + i % channels];
      for (const double weight : window.weights) {
        narrow[y * stride + i] += weight * *in;
        in += channels;
      }
    }
  std::vector<double> out(stride * height);
  double* row = out.data();
  for (const Window& window : WindowsOf(p.height, height)) {
    for (std::size_t t = 0; t < window.weights.size(); ++t)
      for (std::size_t i = 0; i < stride; ++i)
        row[i] += window.weights[t] * narrow[(window.first + t) * stride + i];
    row += stride;
  }
  return out;
}

Picture ResizeByDefinition(const Picture& p, std::uint32_t width,
                           std::uint32_t height) {
  Picture out{width, height, p.channels, {}};
  for (const double value : ResizeExactly(p, width, height))
    out.samples.push_back(
        static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)));
  return out;
}

}  // namespace thumbmill::testing
