// Links: tm_image tm_recipe tm_pictures
//
// Compares the memory that the Thumbnailer allocates with the prediction of
// EstimateCost(). The program counts every malloc, so that libjpeg, libpng,
// zlib and Little CMS are counted too.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "tests/tools/raw_bmp.h"
#include "tests/tools/raw_png.h"
#include "worker/image/colour/linear.h"
#include "worker/thumbnailer.h"

#if defined(__SANITIZE_ADDRESS__)
#define TM_COUNTS_MALLOC 0  // the sanitizer has its own malloc
#else
#define TM_COUNTS_MALLOC 1
#endif

namespace {
std::atomic<long> in_use{0};
std::atomic<long> peak{0};

#if TM_COUNTS_MALLOC
void Count(void* memory) {
  if (memory == nullptr) return;
  // The usable size is the real size of the block, and free() can ask for it.
  const long now = in_use += static_cast<long>(malloc_usable_size(memory));
  if (now > peak) peak = now;
}

void Discount(void* memory) {
  if (memory != nullptr)
    in_use -= static_cast<long>(malloc_usable_size(memory));
}
#endif
}  // namespace

#if TM_COUNTS_MALLOC
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t align, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) {
  void* memory = __libc_malloc(size);
  Count(memory);
  return memory;
}
void* calloc(std::size_t count, std::size_t size) {
  void* memory = __libc_calloc(count, size);
  Count(memory);
  return memory;
}
void* realloc(void* memory, std::size_t size) {
  // A failed realloc() leaves the old block in place, so it counts again.
  Discount(memory);
  void* moved = __libc_realloc(memory, size);
  Count(moved != nullptr ? moved : memory);
  return moved;
}
void* aligned_alloc(std::size_t align, std::size_t size) {
  void* memory = __libc_memalign(align, size);
  Count(memory);
  return memory;
}
int posix_memalign(void** memory, std::size_t align, std::size_t size) {
  *memory = aligned_alloc(align, size);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  Discount(memory);
  __libc_free(memory);
}
}  // extern "C"
#endif

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using testing::AssembleBmp;
using testing::Bytes;
using testing::CodeRuns;
using testing::Kind;
using testing::MakeBmp;
using testing::MakePicture;
using testing::WriteAvif;
using testing::WriteGif;
using testing::WriteJpeg;
using testing::WritePng;
using testing::WriteWebp;

Recipe RecipeFor(std::initializer_list<const char*> sizes) {
  Recipe recipe;
  for (const char* size : sizes)
    recipe.sizes.push_back(*ParseSize(size, Fit::kInside));
  return recipe;
}

void ExpectWithinEstimate(const Bytes& bytes, const Recipe& recipe,
                          const std::string& what) {
  const auto header = PeekHeader(bytes);
  ASSERT_TRUE(header) << what;
  const CostEstimate cost = EstimateCost(*header, recipe, ~0ull);
  static Bytes output(64 << 20);
  const long before = in_use;
  peak = before;
  {
    Thumbnailer thumbnailer(recipe);
    const Outcome outcome = thumbnailer.Run(bytes, ~0ull, output);
    if (outcome.reason != Reason::kNone) return;
    std::uint64_t made = 0;
    for (const Thumbnail& t : outcome.thumbnails) made += t.bytes.length;
    EXPECT_LE(made, cost.output_bytes) << what;
  }
  EXPECT_LE(static_cast<std::uint64_t>(peak - before), cost.peak_bytes) << what;
  // Little CMS keeps a few bytes from its first use on, and the counts of
  // aligned blocks can be off by a few bytes.
  EXPECT_LE(in_use - before, 1024) << what << " leaves memory behind";
}

TEST(EstimateCost, IsAboveWhatSyntheticPicturesTake) {
  if (!TM_COUNTS_MALLOC) GTEST_SKIP() << "malloc belongs to the sanitizer";
  const Recipe small = RecipeFor({"200x", "64x", "32x"});
  const Recipe large = RecipeFor({"1000x", "900x700!", "800^"});
  const auto photo = MakePicture(Kind::kNoise, 1801, 1203, 3, 1);
  const auto alpha = MakePicture(Kind::kGradient, 801, 603, 4, 1);
  const auto small_tile = MakePicture(Kind::kPhoto, 64, 64, 4, 1);
  const auto tile = MakePicture(Kind::kPhoto, 256, 640, 4, 1);
  testing::RawBmp runs = MakeBmp(photo, 8);
  CodeRuns(&runs);
  // No rows but the first: the others are transparent.
  const testing::RawBmp tall = {.width = 40,
                                .height = 65535,
                                .bits = 8,
                                .compression = 1,
                                .behind = Bytes(1024),
                                .data = {40, 1, 0, 1}};
  // Make the permanent tables before counting starts.
  static_cast<void>(LightOfSrgb());
  static_cast<void>(SrgbOfLight());
  Recipe linear = small, linear_large = large;
  linear.linear = linear_large.linear = true;
  for (const Recipe& recipe : {small, large, linear, linear_large}) {
    ExpectWithinEstimate(WriteJpeg(photo), recipe, "baseline");
    ExpectWithinEstimate(WriteJpeg(photo, {.progressive = true}), recipe,
                         "progressive");
    ExpectWithinEstimate(WriteJpeg(photo, {.orientation = 6}), recipe, "lying");
    ExpectWithinEstimate(WritePng(photo), recipe, "png");
    ExpectWithinEstimate(WritePng(alpha, {.deep = true, .interlaced = true}),
                         recipe, "interlaced, 16 bits, alpha");
    ExpectWithinEstimate(WritePng(photo, {.palette = true}), recipe, "palette");
    for (const int bits : {8, 10}) {
      ExpectWithinEstimate(WriteAvif(photo, {.bits = bits}), recipe, "avif");
      ExpectWithinEstimate(WriteAvif(alpha, {.bits = bits, .sampling = 444}),
                           recipe, "avif, alpha");
      ExpectWithinEstimate(
          WriteAvif(small_tile, {.bits = bits, .columns = 100}), recipe,
          "avif, small tiles");
      ExpectWithinEstimate(WriteAvif(tile, {.bits = bits, .columns = 6}),
                           recipe, "avif, grid");
    }
    for (const bool interlaced : {false, true})
      ExpectWithinEstimate(WriteGif(alpha, {.screen_width = 801,
                                            .screen_height = 603,
                                            .interlaced = interlaced}),
                           recipe, "gif");
    for (const auto& bmp : {MakeBmp(photo, 24), MakeBmp(alpha, 32),
                            MakeBmp(photo, 8), runs, tall})
      ExpectWithinEstimate(AssembleBmp(bmp), recipe, "bmp");
    for (const bool lossless : {false, true})
      for (const auto& picture : {photo, alpha})
        ExpectWithinEstimate(
            WriteWebp(picture, {.lossless = lossless, .method = 0}), recipe,
            lossless ? "webp, lossless" : "webp");
  }
}

Outcome RunIn(long most_bytes, const Bytes& bytes, const Recipe& recipe) {
  Bytes output(1 << 20);
  const long before = in_use;
  peak = before;
  Outcome outcome = Thumbnailer(recipe).Run(bytes, 1, output);
  EXPECT_LE(peak - before, most_bytes);
  return outcome;
}

TEST(EstimateCost, IsAboveWhatALargeInterlacedPngTakes) {
  if (!TM_COUNTS_MALLOC) GTEST_SKIP() << "malloc belongs to the sanitizer";
  const Bytes png = WritePng(MakePicture(Kind::kGradient, 3001, 2903, 3, 1),
                             {.interlaced = true});
  for (const char* size : {"64x", "500x", "1000x"})
    ExpectWithinEstimate(png, RecipeFor({size}), size);
  // The raster would take 26 MB.
  EXPECT_TRUE(RunIn(3 << 20, png, RecipeFor({"64x"})).ok());
}

TEST(EstimateCost, IsAboveWhatWritingWebpTakes) {
  if (!TM_COUNTS_MALLOC) GTEST_SKIP() << "malloc belongs to the sanitizer";
  for (const int quality : {80, 100})
    for (const int channels : {3, 4}) {
      Recipe recipe = RecipeFor({"1000x", "64x"});
      recipe.format = ImageFormat::kWebp;
      recipe.webp_quality = quality;
      const auto noise = MakePicture(Kind::kNoise, 1201, 803, channels, 1);
      ExpectWithinEstimate(WritePng(noise), recipe, "to webp");
      ExpectWithinEstimate(WriteWebp(noise, {.method = 0}), recipe, "to webp");
    }
}

TEST(EstimateCost, IsAboveWhatTheCorpusTakes) {
  if (!TM_COUNTS_MALLOC) GTEST_SKIP() << "malloc belongs to the sanitizer";
  const char* named = std::getenv("THUMBMILL_CORPUS");
  const fs::path corpus = named != nullptr
                              ? fs::path(named)
                              : fs::path(THUMBMILL_SOURCE) / "../shared/corpus";
  if (!fs::exists(corpus)) GTEST_SKIP() << "NO CORPUS in " << corpus;
  const Recipe recipe = RecipeFor({"200x", "64x", "32x"});
  for (const char* folder :
       {"photos", "colour", "orientation", "png", "webp", "gif", "avif"})
    for (const auto& entry :
         fs::recursive_directory_iterator(corpus / folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const Bytes bytes{std::istreambuf_iterator<char>(in), {}};
      ExpectWithinEstimate(bytes, recipe, entry.path().string());
    }
}

// Makes a lossless WebP of 36 bytes with one colour, whose pixels take no bits.
Bytes MakeFlatWebp(std::uint32_t side) {
  Bytes webp = {'R', 'I', 'F', 'F', 28,  0,  0, 0, 'W', 'E', 'B',
                'P', 'V', 'P', '8', 'L', 16, 0, 0, 0,   0x2F};
  const std::uint32_t sizes =
      (side - 1) | (side - 1) << 14 | std::uint32_t{1} << 28;
  for (unsigned i = 0; i < 4; ++i)
    webp.push_back(static_cast<std::uint8_t>(sizes >> (8 * i)));
  webp.insert(webp.end(), {0x28, 0x4A, 0x91, 0xEB, 0xD1, 0xFF, 0, 0, 0, 0, 0});
  return webp;
}

TEST(Limits, RefuseMemoryToAFileThatSaysNothing) {
  const Recipe recipe = RecipeFor({"100x"});
  const Outcome small = RunIn(40 << 20, MakeFlatWebp(2000), recipe);
  EXPECT_TRUE(small.ok()) << small.message;
  const Outcome refused = RunIn(1 << 20, MakeFlatWebp(16383), recipe);
  EXPECT_EQ(refused.reason, Reason::kTooCostly);
  EXPECT_NE(refused.message.find("in 36 bytes"), std::string::npos)
      << refused.message;
}

TEST(Limits, RefuseTooLargeAThumbnailBeforeThereIsRoomForIt) {
  Recipe recipe = RecipeFor({"64x"});
  recipe.enlarge = true;  // would become 64 x 25,600,000
  const Bytes png = testing::AssemblePng(
      {.width = 1,
       .height = 400000,
       .stream = testing::Deflated(Bytes(std::size_t{2} * 400000))});
  const Outcome outcome = RunIn(1 << 20, png, recipe);
  EXPECT_EQ(outcome.reason, Reason::kTooCostly);
  EXPECT_EQ(outcome.message, "thumbnails of 1638400000 pixels");
}

TEST(EstimateCost, GrowsWithWhatIsKeptWhole) {
  ImageHeader header;
  header.format = ImageFormat::kJpeg;
  header.width = 10000;
  header.height = 8000;
  header.components = 3;
  const Recipe recipe = RecipeFor({"200x"});
  const auto baseline = EstimateCost(header, recipe, 1).peak_bytes;
  header.progressive = true;
  const auto progressive = EstimateCost(header, recipe, 1).peak_bytes;
  EXPECT_LT(baseline, 16u << 20);
  EXPECT_GT(progressive, 480'000'000u);
}

TEST(EstimateCost, NeverOverflows) {
  ImageHeader header;
  header.format = ImageFormat::kPng;
  header.width = header.height = 0x7FFFFFFF;
  header.components = 4;
  header.bits = 16;
  header.interlaced = true;
  Recipe recipe = RecipeFor({"65535x", "65535!"});
  recipe.enlarge = true;
  EXPECT_EQ(EstimateCost(header, recipe, 3).peak_bytes, UINT64_MAX);
  header.width = 1;
  EXPECT_EQ(EstimateCost(header, recipe, 3).peak_bytes, UINT64_MAX);
  header.height = 0;
  EXPECT_EQ(EstimateCost(header, recipe, 3).peak_bytes, 0u);
}

}  // namespace
}  // namespace thumbmill
