// Links: tm_image tm_pictures
//
// How near thumbnails come to the definition: Lanczos3 in doubles over the full
// picture, as the file's own library decodes it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>
#include <vector>

#include "tests/tools/pictures.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using testing::Bytes;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;

constexpr double kLeastDecibels = 40;

double Lanczos3(double x) {
  if (x == 0) return 1;
  if (std::fabs(x) >= 3) return 0;
  const double t = x * std::numbers::pi;
  return 3 * std::sin(t) * std::sin(t / 3) / (t * t);
}

// What one output sample takes of the samples from `first` on. Those outside
// the picture do not exist: the rest is made to add up to 1.
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

// The picture made `width` wide; then so high by doing the same to its rows.
Picture Reference(const Picture& p, std::uint32_t width, std::uint32_t height) {
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
  Picture out{width, height, p.channels, {}};
  for (const Window& window : WindowsOf(p.height, height)) {
    std::vector<double> row(stride);
    for (std::size_t t = 0; t < window.weights.size(); ++t)
      for (std::size_t i = 0; i < stride; ++i)
        row[i] += window.weights[t] * narrow[(window.first + t) * stride + i];
    for (const double value : row)
      out.samples.push_back(
          static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)));
  }
  return out;
}

Recipe RecipeFor(std::uint32_t width) {
  Recipe recipe;
  SizeSpec size;
  size.width = width;
  recipe.sizes.push_back(size);
  recipe.format = ImageFormat::kPng;
  recipe.rotate = false;
  return recipe;
}

Picture Thumbnail(const Bytes& bytes, const Recipe& recipe) {
  Thumbnailer thumbnailer(recipe);
  Bytes output(4 << 20);
  const Outcome outcome = thumbnailer.Run(bytes, 1, output);
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  if (!outcome.ok()) return {};
  return testing::ReadPng(
      ByteSpan(output).first(outcome.thumbnails[0].bytes.length));
}

double DecibelsOf(const Bytes& jpeg, const Picture& full, std::uint32_t width) {
  const Picture ours = Thumbnail(jpeg, RecipeFor(width));
  return testing::Psnr(ours, Reference(full, ours.width, ours.height));
}

TEST(Fidelity, JpegOfEverySamplingIsWithin40DecibelsOfTheDefinition) {
  const Picture picture = MakePicture(Kind::kPhoto, 901, 677, 3, 7);
  for (const int h : {1, 2, 4})
    for (const int v : {1, 2}) {
      testing::JpegOptions options;
      options.h_samp = h;
      options.v_samp = v;
      const Bytes jpeg = WriteJpeg(picture, options);
      const Picture full = testing::ReadJpeg(jpeg);
      for (const std::uint32_t width : {300u, 200u, 64u, 32u})
        EXPECT_GE(DecibelsOf(jpeg, full, width), kLeastDecibels)
            << h << "x" << v << " to " << width;
    }
}

TEST(Fidelity, PngIsExactButForRounding) {
  const Picture picture = MakePicture(Kind::kPhoto, 333, 251, 3, 9);
  for (const bool deep : {false, true}) {
    const Bytes png = WritePng(picture, {.deep = deep});
    const Picture ours = Thumbnail(png, RecipeFor(100));
    EXPECT_GE(testing::Psnr(ours, Reference(picture, 100, ours.height)), 55)
        << (deep ? "16 bits" : "8 bits");
  }
}

fs::path PhotoFolder() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  const fs::path corpus = named != nullptr
                              ? fs::path(named)
                              : fs::path(THUMBMILL_SOURCE) / "../shared/corpus";
  return corpus / "photos";
}

TEST(Fidelity, PhotographsAreWithin40DecibelsOfTheDefinition) {
  if (!fs::exists(PhotoFolder()))
    GTEST_SKIP() << "NO CORPUS in " << PhotoFolder();
  double sum = 0, least = 99;
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(PhotoFolder())) {
    if (!entry.is_regular_file() || entry.file_size() > 600'000) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(in), {}};
    const auto header = PeekHeader(bytes);
    if (!header || header->format != ImageFormat::kJpeg) continue;
    const Picture full = testing::ReadJpeg(bytes);
    for (const std::uint32_t width : {200u, 64u, 32u}) {
      const double decibels = DecibelsOf(bytes, full, width);
      EXPECT_GE(decibels, kLeastDecibels) << entry.path() << " " << width;
      sum += decibels;
      least = std::min(least, decibels);
      ++count;
    }
  }
  std::printf("%d thumbnails: mean %.2f dB, least %.2f dB\n", count,
              sum / count, least);
}

}  // namespace
}  // namespace thumbmill
