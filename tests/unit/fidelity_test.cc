// Links: tm_image tm_pictures
//
// Tests how close thumbnails come to the definition: Lanczos3 in doubles over
// the full picture, as the format's own library decodes it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/reference_resize.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using testing::Bytes;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;

constexpr double kLeastDecibels = 40;

Picture Thumbnail(const Bytes& bytes, std::uint32_t width) {
  Recipe recipe = testing::PngRecipe(std::to_string(width) + "x");
  recipe.rotate = false;
  return testing::Thumbnail(bytes, recipe);
}

double DecibelsOf(const Bytes& jpeg, const Picture& full, std::uint32_t width) {
  const Picture ours = Thumbnail(jpeg, width);
  return testing::Psnr(
      ours, testing::ResizeByDefinition(full, ours.width, ours.height));
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
    const Picture ours = Thumbnail(png, 100);
    const Picture exact =
        testing::ResizeByDefinition(picture, 100, ours.height);
    EXPECT_GE(testing::Psnr(ours, exact), 55) << (deep ? "16 bits" : "8 bits");
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
