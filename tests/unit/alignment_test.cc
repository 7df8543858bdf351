// Links: tm_image tm_pictures
//
// Tests where the pixels of a thumbnail lie, against Lanczos3 in doubles over
// the full picture. A shift of the whole picture, or a wrong weight of its last
// column or row, hardly shows in decibels, so the tests measure each of them
// directly. Errors occur at sides that are no multiple of 8: the last samples
// of a reduced plane then stand for fewer pixels than the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/reference_resize.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::JpegOptions;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;

// Largest difference in levels: of one border pixel, and of the mean of a
// border. The middle of a small thumbnail differs as much, because the filter
// works on a picture that was halved or decoded smaller and has only a factor
// of two left.
struct Bounds {
  double pixel = 6;
  double border = 1;
};

Bounds BoundsFor(std::uint32_t width) {
  if (width < 24) return {.border = 4};
  return {.border = width < 50 ? 2.0 : 1.0};
}

// Largest shift, in pixels of the thumbnail.
constexpr double kWorstShift = 0.03;

// A thumbnail and the exact one.
struct Pair {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<double> ours;
  std::vector<double> exact;

  [[nodiscard]] std::size_t At(std::uint32_t x, std::uint32_t y, int c) const {
    return (std::size_t{y} * width + x) * 3 + static_cast<std::size_t>(c);
  }
};

Picture Thumbnail(const Bytes& bytes, std::uint32_t width) {
  return testing::Thumbnail(bytes,
                            testing::PngRecipe(std::to_string(width) + "x"));
}

Pair Compare(const Bytes& bytes, const Picture& full, std::uint32_t width) {
  const Picture ours = Thumbnail(bytes, width);
  Pair pair{ours.width, ours.height, {}, {}};
  pair.ours.assign(ours.samples.begin(), ours.samples.end());
  pair.exact = testing::ResizeExactly(full, ours.width, ours.height);
  for (double& value : pair.exact) value = std::clamp(value, 0.0, 255.0);
  return pair;
}

// Returns the shift by least squares: the difference of the two pictures is
// fitted to the slope of the exact one.
double ShiftAlong(const Pair& p, std::uint32_t dx, std::uint32_t dy) {
  double both = 0, slopes = 0;
  for (std::uint32_t y = 1; y + 1 < p.height; ++y)
    for (std::uint32_t x = 1; x + 1 < p.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double slope = (p.exact[p.At(x + dx, y + dy, c)] -
                              p.exact[p.At(x - dx, y - dy, c)]) /
                             2;
        const std::size_t at = p.At(x, y, c);
        both += slope * (p.ours[at] - p.exact[at]);
        slopes += slope * slope;
      }
  return -both / slopes;
}

void ExpectNoShift(const Pair& pair, const std::string& what) {
  EXPECT_NEAR(ShiftAlong(pair, 1, 0), 0, kWorstShift) << what << ", across";
  EXPECT_NEAR(ShiftAlong(pair, 0, 1), 0, kWorstShift) << what << ", down";
}

// Checks the pixels from (x0, y0) up to, but not including, (x1, y1).
void ExpectBorder(const Pair& p, std::uint32_t x0, std::uint32_t y0,
                  std::uint32_t x1, std::uint32_t y1, const Bounds& bounds,
                  const std::string& what) {
  double worst = 0, sum[3] = {};
  for (std::uint32_t y = y0; y < y1; ++y)
    for (std::uint32_t x = x0; x < x1; ++x)
      for (int c = 0; c < 3; ++c) {
        const double off = p.ours[p.At(x, y, c)] - p.exact[p.At(x, y, c)];
        worst = std::max(worst, std::fabs(off));
        sum[c] += off;
      }
  EXPECT_LE(worst, bounds.pixel) << what;
  for (const double channel : sum)
    EXPECT_LE(std::fabs(channel) / (double{1} * (x1 - x0) * (y1 - y0)),
              bounds.border)
        << what;
}

void ExpectBorders(const Pair& p, const Bounds& bounds,
                   const std::string& what) {
  const std::uint32_t w = p.width, h = p.height;
  ExpectBorder(p, 0, 0, 1, h, bounds, what + ", left");
  ExpectBorder(p, w - 1, 0, w, h, bounds, what + ", right");
  ExpectBorder(p, 0, 0, w, 1, bounds, what + ", top");
  ExpectBorder(p, 0, h - 1, w, h, bounds, what + ", bottom");
}

struct Sampling {
  int h, v;  // sampling factors of luma
  friend void PrintTo(const Sampling& s, std::ostream* out) {
    *out << s.h << "x" << s.v;
  }
};
constexpr Sampling kSamplings[] = {{1, 1}, {2, 1}, {1, 2}, {2, 2},
                                   {4, 1}, {1, 4}, {4, 2}};
// Widths that reach from a picture decoded at an eighth and halved several
// times to one that is not reduced.
constexpr std::uint32_t kWidths[] = {2, 5, 24, 50, 90, 150};

std::string NameOf(const JpegOptions& options) {
  return std::to_string(options.h_samp) + "x" + std::to_string(options.v_samp) +
         (options.arithmetic    ? " arithmetic"
          : options.progressive ? " progressive"
                                : "");
}

// Makes a picture that is brighter towards its borders, like one in a frame. A
// wrong weight of the last columns then shows.
Picture MakeFramed(std::uint32_t width, std::uint32_t height) {
  Picture picture = MakePicture(Kind::kPhoto, width, height, 3, 5);
  std::size_t at = 0;
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x) {
      const std::uint32_t in = std::min({x, y, width - 1 - x, height - 1 - y});
      const double light = 80 * std::exp(-static_cast<double>(in) / 12);
      for (int c = 0; c < 3; ++c, ++at)
        picture.samples[at] = static_cast<std::uint8_t>(
            std::min(picture.samples[at] * 0.7 + light, 255.0));
    }
  return picture;
}

// libjpeg-turbo reduces all planes by the factor that luma allows. Chroma at a
// quarter of luma then has too few samples for a close result.
Bounds BoundsOf(const JpegOptions& options, std::uint32_t width) {
  Bounds bounds = BoundsFor(width);
  const bool by_library = options.arithmetic || options.progressive;
  if (by_library && (options.h_samp == 4 || options.v_samp == 4))
    bounds.pixel = 11;
  return bounds;
}

// Checks every remainder by 8 that a side can have, in both axes.
void CheckEverySide(JpegOptions options) {
  options.quality = 96;
  for (std::uint32_t rest = 0; rest < 8; ++rest) {
    const std::uint32_t width = 400 + rest, height = 280 + (3 * rest + 1) % 8;
    const Picture picture = MakeFramed(width, height);
    const Bytes jpeg = WriteJpeg(picture, options);
    const Picture full = testing::ReadJpeg(jpeg);
    for (const std::uint32_t to : kWidths) {
      const Pair pair = Compare(jpeg, full, to);
      const std::string what = NameOf(options) + ", " + std::to_string(width) +
                               "x" + std::to_string(height) + " to " +
                               std::to_string(to);
      ExpectBorders(pair, BoundsOf(options, to), what);
      // Smaller thumbnails have too few inner pixels to measure a shift.
      if (to >= 24) ExpectNoShift(pair, what);
    }
  }
}

class Alignment : public ::testing::TestWithParam<Sampling> {
 protected:
  static JpegOptions Options() {
    JpegOptions options;
    options.h_samp = GetParam().h;
    options.v_samp = GetParam().v;
    return options;
  }
};

TEST_P(Alignment, HoldsAtTheBordersOfPlainJpegs) { CheckEverySide(Options()); }

TEST_P(Alignment, HoldsAtTheBordersOfProgressiveJpegs) {
  JpegOptions options = Options();
  options.progressive = true;
  CheckEverySide(options);
}

// libjpeg-turbo reads arithmetic JPEGs; our own reader does not.
TEST_P(Alignment, HoldsAtTheBordersOfArithmeticJpegs) {
  JpegOptions options = Options();
  options.arithmetic = true;
  CheckEverySide(options);
}

INSTANTIATE_TEST_SUITE_P(Samplings, Alignment, ::testing::ValuesIn(kSamplings),
                         [](const auto& each) {
                           return std::to_string(each.param.h) + "x" +
                                  std::to_string(each.param.v);
                         });

// PNGs are not reduced by their decoder, but are halved for small sizes.
TEST(Alignment, HoldsAtTheBordersOfWhatWasHalved) {
  for (const std::uint32_t width : {513u, 515u, 769u}) {
    const Picture picture = MakeFramed(width, width - 256);
    const Bytes png = WritePng(picture);
    for (const std::uint32_t to : kWidths) {
      const Pair pair = Compare(png, picture, to);
      const std::string what =
          "PNG " + std::to_string(width) + " to " + std::to_string(to);
      ExpectBorders(pair, BoundsFor(to), what);
      if (to >= 24) ExpectNoShift(pair, what);
    }
  }
}

}  // namespace
}  // namespace thumbmill
