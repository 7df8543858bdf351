// Makes thumbnails of every file, in every format that can be written, in one
// process. scripts/undefined runs it under valgrind; test_undefined.py runs it
// with memory that was filled beforehand.
//
//   all_thumbnails [--fill BYTE] [--max-pixels N] FILE|FOLDER...
//   all_thumbnails --uninitialised
//
// Prints one line for each file and recipe: the reason, the SHA-256 of
// thumbnails and texts, the file. Two runs must print the same, whatever the
// memory held before. Under valgrind, each thumbnail and each number beside it
// must be defined, even where a report from inside a library is suppressed.
//
// --fill fills the stack below main() and the output before each picture.
// MALLOC_PERTURB_ (mallopt(3)) fills the heap; the program returns 2 if it does
// not. --uninitialised reads a byte that was never written, which a working
// checker must report.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "common/hash.h"
#include "proto/reason.h"
#include "proto/recipe.h"
#include "worker/thumbnailer.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(at, size) 0
#define VALGRIND_CHECK_MEM_IS_DEFINED(at, size) 0
#endif

namespace {

using namespace thumbmill;
namespace fs = std::filesystem;

constexpr std::size_t kOutputBytes = 4 << 20;
constexpr std::size_t kStackBytes = 1 << 20;

std::vector<SizeSpec> Sizes() {
  std::vector<SizeSpec> sizes(4);
  sizes[0].width = 64;
  sizes[1].width = sizes[1].height = 20;
  sizes[1].fit = Fit::kCover;
  sizes[2].width = sizes[2].height = 49;
  sizes[2].fit = Fit::kContain;
  sizes[3].width = 33;
  sizes[3].height = 7;
  sizes[3].fit = Fit::kFill;
  return sizes;
}

// Returns recipes that write each format once and together use every way to
// resize and to treat colours.
std::vector<Recipe> Recipes(std::uint64_t max_pixels) {
  std::vector<Recipe> recipes(4);
  for (Recipe& recipe : recipes) {
    recipe.sizes = Sizes();
    recipe.limits.max_pixels = max_pixels;
    recipe.limits.max_peak_bytes = 256 << 20;
  }
  recipes[0].keep = {.icc = true, .exif = true, .copyright = false};
  recipes[1].format = ImageFormat::kJpeg;
  recipes[1].jpeg_quality = 92;
  recipes[1].fail_on = FailOn::kNone;
  recipes[2].format = ImageFormat::kPng;
  recipes[2].linear = true;
  recipes[2].fail_on = FailOn::kNone;
  recipes[3].format = ImageFormat::kWebp;
  recipes[3].filter = FilterKind::kMitchell;
  recipes[3].enlarge = true;
  return recipes;
}

std::vector<std::uint8_t> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Collect(const fs::path& path, std::vector<fs::path>* files) {
  if (!fs::is_directory(path)) return files->push_back(path);
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files->push_back(entry.path());
}

// Leaves `fill` where the next functions will have their variables.
[[gnu::noinline]] void FillStack(int fill) {
  volatile std::uint8_t stack[kStackBytes];
  for (std::size_t i = 0; i < sizeof stack; ++i)
    stack[i] = static_cast<std::uint8_t>(fill);
}

template <typename T>
void MustBeDefined([[maybe_unused]] const T& value) {
  static_cast<void>(VALGRIND_CHECK_MEM_IS_DEFINED(&value, sizeof value));
}

void Append(const Thumbnail& thumbnail, ByteSpan output,
            std::vector<std::uint8_t>* all) {
  MustBeDefined(thumbnail.width);
  MustBeDefined(thumbnail.height);
  MustBeDefined(thumbnail.bytes);
  const ByteSpan bytes =
      output.subspan(thumbnail.bytes.offset, thumbnail.bytes.length);
  static_cast<void>(VALGRIND_CHECK_MEM_IS_DEFINED(bytes.data(), bytes.size()));
  all->insert(all->end(), bytes.begin(), bytes.end());
}

void Append(const std::string& text, std::vector<std::uint8_t>* all) {
  static_cast<void>(VALGRIND_CHECK_MEM_IS_DEFINED(text.data(), text.size()));
  all->insert(all->end(), text.begin(), text.end());
}

void Print(const Outcome& outcome, ByteSpan made, const fs::path& file) {
  const std::string verdict =
      outcome.ok() ? "done" : std::string(ToString(outcome.reason));
  std::printf("%s %s %s\n", verdict.c_str(),
              ToHex(HashBytes(made)).substr(0, 16).c_str(), file.c_str());
}

void Make(const fs::path& file, ByteSpan encoded, const Recipe& recipe,
          MutableByteSpan output) {
  static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(output.data(), output.size()));
  Thumbnailer thumbnailer(recipe);
  const Outcome outcome =
      thumbnailer.Run(encoded, (1u << recipe.sizes.size()) - 1, output);
  MustBeDefined(outcome.reason);
  MustBeDefined(outcome.needs_output_bytes);
  std::vector<std::uint8_t> made;
  for (const Thumbnail& thumbnail : outcome.thumbnails)
    Append(thumbnail, output, &made);
  Append(outcome.message, &made);
  for (const std::string& warning : outcome.warnings) Append(warning, &made);
  Print(outcome, made, file);
}

bool HeapIsFilled(int fill) {
  constexpr std::size_t kBytes = 5000;
  auto* const bytes = static_cast<std::uint8_t*>(std::malloc(kBytes));
  // MALLOC_PERTURB_ fills new blocks with the complement of its value.
  const bool filled = bytes != nullptr && bytes[kBytes / 2] == (fill ^ 0xFF);
  std::free(bytes);
  return filled;
}

int ReadUninitialised() {
  auto* const bytes = static_cast<std::uint8_t*>(std::malloc(64));
  static_cast<void>(VALGRIND_CHECK_MEM_IS_DEFINED(bytes, 64));
  std::free(bytes);
  return 0;
}

struct Options {
  int fill = -1;
  std::uint64_t max_pixels = 1 << 20;
  bool uninitialised = false;
  std::vector<fs::path> files;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--fill" && i + 1 < argc)
      options.fill = std::atoi(argv[++i]);
    else if (word == "--max-pixels" && i + 1 < argc)
      options.max_pixels = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--uninitialised")
      options.uninitialised = true;
    else
      Collect(word, &options.files);
  }
  std::sort(options.files.begin(), options.files.end());
  return options;
}

// Uses one output buffer for all pictures: a byte that an encoder fails to
// write then holds data of the picture before.
void MakeAll(const Options& options) {
  std::vector<std::uint8_t> output(kOutputBytes, 0);
  for (const fs::path& file : options.files) {
    const std::vector<std::uint8_t> encoded = ReadFile(file);
    for (const Recipe& recipe : Recipes(options.max_pixels)) {
      if (options.fill >= 0) {
        FillStack(options.fill);
        std::memset(output.data(), options.fill, output.size());
      }
      Make(file, encoded, recipe, output);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  if (options.uninitialised) return ReadUninitialised();
  if (options.fill >= 0 && !HeapIsFilled(options.fill)) {
    std::fprintf(stderr,
                 "all_thumbnails: malloc() does not fill; set "
                 "MALLOC_PERTURB_ to the byte\n");
    return 2;
  }
  MakeAll(options);
  return 0;
}
