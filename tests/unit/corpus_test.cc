// Links: tm_image tm_pictures
//
// Tests the corpus of images from many sources: the outcome and the look of
// each file. The corpus is not part of the repository: set THUMBMILL_CORPUS, or
// have it beside the checkout as ../shared/corpus.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/pictures.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using testing::Bytes;
using testing::Picture;
using Row = std::map<std::string, std::string>;

fs::path CorpusFolder() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  if (named != nullptr) return named;
  return fs::path(THUMBMILL_SOURCE) / ".." / "shared" / "corpus";
}

std::vector<std::string> Split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(line);
  while (std::getline(in, part, separator)) parts.push_back(part);
  return parts;
}

std::vector<Row> ReadManifest(const fs::path& folder) {
  std::ifstream in(folder / "MANIFEST.tsv");
  std::vector<Row> rows;
  std::string line;
  std::getline(in, line);
  const auto names = Split(line, '\t');
  while (std::getline(in, line)) {
    const auto values = Split(line, '\t');
    Row row;
    for (std::size_t i = 0; i < names.size(); ++i)
      row[names[i]] = i < values.size() ? values[i] : "";
    rows.push_back(std::move(row));
  }
  return rows;
}

Bytes ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Files whose expected outcome is ours, not the manifest's, each with the
// reason.
struct Otherwise {
  std::string_view path;
  std::string_view expect;
};
constexpr Otherwise kOtherwise[] = {
    // All samples are there; Chromium, libvips and Pillow show them.
    {"bad/truncated-no-eoi.jpg", "ok"},
    {"bad/no-iend.png", "ok"},
    // One chunk's length is far too large, but all rows are there and their
    // check sum is right; Chromium and Pillow show them.
    {"bad/huge_IDAT.png", "ok"},
    // A whole BMP. The manifest is older than our reader.
    {"bad/bmp.jpg", "ok"},
};

std::string ExpectOf(const Row& row) {
  for (const Otherwise& other : kOtherwise)
    if (other.path == row.at("path")) return std::string(other.expect);
  return row.at("expect");
}

// The manifest lets a program refuse these formats; ours must read them.
bool MustBeRead(const Row& row) {
  const std::string& details = row.at("details");
  const bool ours = details.starts_with("webp") || details.starts_with("gif") ||
                    details.starts_with("isobmff");
  return ours && row.at("expect") == "ok|reject:unsupported";
}

std::set<Reason> ReasonsOf(const std::string& word) {
  if (word == "empty") return {Reason::kEmpty};
  if (word == "not-image") return {Reason::kNotImage};
  if (word == "unsupported") return {Reason::kUnsupported};
  if (word == "corrupt") return {Reason::kCorrupt};
  if (word == "truncated") return {Reason::kTruncated};
  if (word == "too-slow") return {Reason::kTooCostly};
  if (word == "too-large")
    return {Reason::kTooBig, Reason::kTooManyPixels, Reason::kTooCostly};
  ADD_FAILURE() << "a word that this test does not know: " << word;
  return {};
}

// Returns whether the manifest allows this outcome under the default, fail_on =
// error.
bool Allows(const std::string& expect, const Outcome& outcome) {
  for (std::string word : Split(expect, '|')) {
    if (word == "either") return true;
    if (word == "ok") {
      if (outcome.ok()) return true;
      continue;
    }
    if (word == "policy:damaged") {
      if (outcome.reason == Reason::kCorrupt ||
          outcome.reason == Reason::kTruncated)
        return true;
      continue;
    }
    const std::size_t colon = word.find(':');
    if (colon != word.npos) word.erase(0, colon + 1);
    if (ReasonsOf(word).contains(outcome.reason)) return true;
  }
  return false;
}

Recipe SixtyFourWide() {
  Recipe recipe;
  recipe.sizes.push_back({.width = 64, .label = "64", .text = "64x"});
  recipe.format = ImageFormat::kPng;
  recipe.limits.max_peak_bytes = 512 << 20;
  return recipe;
}

using Colour = std::array<double, 3>;

Colour MeanOf(const Picture& p, std::uint32_t x0, std::uint32_t x1,
              std::uint32_t y0, std::uint32_t y1) {
  Colour sum{};
  for (std::uint32_t y = y0; y < y1; ++y)
    for (std::uint32_t x = x0; x < x1; ++x)
      for (int c = 0; c < 3; ++c) {
        const double alpha =
            p.channels % 2 == 0 ? p.At(x, y, p.channels - 1) / 255.0 : 1;
        const double value = p.At(x, y, p.channels < 3 ? 0 : c);
        sum[static_cast<std::size_t>(c)] += value * alpha + 255 * (1 - alpha);
      }
  for (double& value : sum) value /= double{1} * (x1 - x0) * (y1 - y0);
  return sum;
}

Colour HexColour(const std::string& hex) {
  Colour colour{};
  for (std::size_t c = 0; c < 3; ++c)
    colour[c] = std::stoi(hex.substr(2 * c, 2), nullptr, 16);
  return colour;
}

void ExpectNear(const Colour& expected, const Colour& actual, double tol,
                const std::string& what) {
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(expected[c], actual[c], tol) << what << ", channel " << c;
}

void CheckLooks(const Row& row, const Picture& p) {
  if (row.at("mean_rgb_w64").empty() || row.at("tol") == "-") return;
  double tol = std::stod(row.at("tol"));
  // The picture is grey in video range. The reference read it as full range;
  // the same picture in colour has a mean of 55.
  if (row.at("path").find("yuv420.monochrome") != std::string::npos) tol = 8;
  const auto mean = Split(row.at("mean_rgb_w64"), ',');
  ExpectNear({std::stod(mean[0]), std::stod(mean[1]), std::stod(mean[2])},
             MeanOf(p, 0, p.width, 0, p.height), tol,
             row.at("path") + ": mean");
  const auto grid = Split(row.at("grid2x2_rgb"), ' ');
  if (grid.size() != 4 || p.width < 2 || p.height < 2) return;
  const std::uint32_t x = p.width / 2, y = p.height / 2;
  const std::uint32_t corners[4][4] = {{0, x, 0, y},
                                       {x, p.width, 0, y},
                                       {0, x, y, p.height},
                                       {x, p.width, y, p.height}};
  for (std::size_t i = 0; i < 4; ++i)
    ExpectNear(
        HexColour(grid[i]),
        MeanOf(p, corners[i][0], corners[i][1], corners[i][2], corners[i][3]),
        2 * tol, row.at("path") + ": quarter " + std::to_string(i));
}

// Files whose size differs from the manifest's.
struct OtherSize {
  std::string_view path;
  std::uint32_t width, height;
};
constexpr OtherSize kOtherSizes[] = {
    // The first frame, 3x1 at (1,0), does not fit on its screen of 2x2. The
    // screen grows, as in Chromium, libvips, sharp and Pillow.
    {"gif/frame-out-of-bounds.gif", 4, 2},
};

void CheckSize(const Row& row, const Outcome& outcome) {
  if (row.at("upright_w").empty()) return;
  for (const OtherSize& other : kOtherSizes) {
    if (row.at("path") != other.path) continue;
    EXPECT_EQ(outcome.source_width, other.width) << other.path;
    EXPECT_EQ(outcome.source_height, other.height) << other.path;
    return;
  }
  EXPECT_EQ(std::to_string(outcome.source_width), row.at("upright_w"))
      << row.at("path");
  EXPECT_EQ(std::to_string(outcome.source_height), row.at("upright_h"))
      << row.at("path");
}

void CheckFile(const fs::path& folder, const Row& row,
               Thumbnailer* thumbnailer) {
  const std::string& path = row.at("path");
  const Bytes bytes = ReadFile(folder / path);
  Bytes output(16 << 20);
  const Outcome outcome = thumbnailer->Run(bytes, 1, output);
  ASSERT_EQ(outcome.needs_output_bytes, 0u) << path;
  EXPECT_TRUE(Allows(MustBeRead(row) ? "ok" : ExpectOf(row), outcome))
      << path << " must be " << ExpectOf(row) << ", is "
      << ToString(outcome.reason) << ": " << outcome.message;
  if (!outcome.ok()) return;
  ASSERT_EQ(outcome.thumbnails.size(), 1u);
  CheckSize(row, outcome);
  CheckLooks(row, testing::ReadPng(ByteSpan(output).first(
                      outcome.thumbnails[0].bytes.length)));
}

TEST(Corpus, EveryFileGivesWhatItsManifestSays) {
  const fs::path folder = CorpusFolder();
  const std::vector<Row> rows = ReadManifest(folder);
  if (rows.empty())
    GTEST_SKIP() << "NO CORPUS in " << folder << ": nothing was tested";
  Thumbnailer thumbnailer(SixtyFourWide());
  for (const Row& row : rows) CheckFile(folder, row, &thumbnailer);
}

TEST(Corpus, VerdictsAndBytesDoNotDependOnWhatCameBefore) {
  const fs::path folder = CorpusFolder();
  const std::vector<Row> rows = ReadManifest(folder);
  if (rows.empty())
    GTEST_SKIP() << "NO CORPUS in " << folder << ": nothing was tested";
  Recipe recipe = SixtyFourWide();
  recipe.format = ImageFormat::kUnknown;
  Thumbnailer seasoned(recipe);
  Bytes first(16 << 20), second(16 << 20);
  for (const Row& row : rows) {
    const Bytes bytes = ReadFile(folder / row.at("path"));
    if (bytes.size() > 300'000) continue;  // larger files would take too long
    const Outcome a = seasoned.Run(bytes, 1, first);
    Thumbnailer fresh(recipe);
    const Outcome b = fresh.Run(bytes, 1, second);
    ASSERT_EQ(a.reason, b.reason) << row.at("path");
    EXPECT_EQ(a.message, b.message) << row.at("path");
    EXPECT_EQ(a.warnings, b.warnings) << row.at("path");
    ASSERT_EQ(a.thumbnails.size(), b.thumbnails.size());
    if (a.thumbnails.empty()) continue;
    const std::uint64_t size = a.thumbnails[0].bytes.length;
    ASSERT_EQ(size, b.thumbnails[0].bytes.length) << row.at("path");
    EXPECT_TRUE(std::equal(
        first.begin(), first.begin() + static_cast<long>(size), second.begin()))
        << row.at("path");
  }
}

}  // namespace
}  // namespace thumbmill
