// proto/recipe.h: the thumbnails that a run makes of each image. There is one
// recipe for each run.
//
// Contract  docs/cli.md, "Sizes"; on the wire: proto/thumbmill.proto, Recipe.
// Units     sizes in pixels of the upright picture (EXIF applied); limits as
//           named. A recipe alone decides the output bytes of an input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/image_format.h"

namespace thumbmill {

// kLast of each enumeration is the bound of its numbers on the wire.
enum class Fit : std::uint8_t {
  kInside,   // whole picture inside the box, aspect kept
  kOutside,  // covers the box, aspect kept, nothing cropped
  kCover,    // covers the box, the middle is kept, cropped to the box (`^`)
  kContain,  // inside the box, padded with the background to the box
  kFill,     // stretched to the box (`!`)
  kLast = kFill,
};

enum class Enlarge : std::uint8_t {
  kDefault,      // as --enlarge says; without it, never
  kAlways,       // `!` `^`, or --enlarge
  kOnlyEnlarge,  // `<`: a larger source keeps its full size
  kOnlyShrink,   // `>`
  kLast = kOnlyShrink,
};

enum class FilterKind : std::uint8_t {
  kLanczos3,
  kMitchell,
  kCubic,
  kLinear,
  kBox,
  kNearest,
  kLast = kNearest,
};

// Damage that makes an image fail, in libvips' words.
enum class FailOn : std::uint8_t {
  kNone,
  kTruncated,
  kError,
  kWarning,
  kLast = kWarning,
};

// Parts of a picture, beside its pixels, that a thumbnail keeps.
struct Keep {
  bool icc = false;   // the colour profile; colours stay as it defines them
  bool exif = false;  // all entries that are not wrong for a thumbnail
  bool copyright = false;  // artist and copyright of the EXIF

  friend bool operator==(const Keep&, const Keep&) = default;
};

struct SizeSpec {
  std::uint32_t width = 0;   // 0 if it follows from the height
  std::uint32_t height = 0;  // 0 if it follows from the width
  Fit fit = Fit::kInside;    // ignored when one dimension is 0
  Enlarge enlarge = Enlarge::kDefault;
  std::string label;  // replaces `{size}` in a name
  std::string text;   // as the user wrote it: "200x100^"

  friend bool operator==(const SizeSpec&, const SizeSpec&) = default;
};

struct Rgb {
  std::uint8_t r = 255, g = 255, b = 255;

  [[nodiscard]] bool is_grey() const { return r == g && g == b; }
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

// Limits that the worker checks before it allocates. The coordinator, which
// admits tasks, checks the same limits against the header that it has read.
struct ImageLimits {
  std::uint64_t max_pixels = 268402689;          // of the stored image
  std::uint32_t max_scans = 100;                 // of a progressive JPEG
  std::uint64_t max_output_pixels = 64'000'000;  // of all sizes together
  std::uint64_t max_peak_bytes = 0;              // predicted; 0 for no limit

  friend bool operator==(const ImageLimits&, const ImageLimits&) = default;
};

struct Recipe {
  std::vector<SizeSpec> sizes;  // at most 64: a task names them by bit
  bool enlarge = false;
  // kUnknown: same as the source. Else a format that can be written.
  ImageFormat format = ImageFormat::kUnknown;
  int jpeg_quality = 80;  // 1-100; 4:2:0 below 90, 4:4:4 from 90 on
  int webp_quality = 80;  // 1-100; always 4:2:0
  FilterKind filter = FilterKind::kLanczos3;
  bool linear = false;  // resize in linear light
  Rgb background;  // under alpha that a format cannot hold; `contain`'s margin
  bool rotate = true;  // apply the EXIF orientation
  Keep keep;           // if empty, pixels become sRGB and no metadata stays
  FailOn fail_on = FailOn::kError;
  // Makes an image that begins with kCrashProbe crash its decoder: for
  // `compare`, which shows the cost of a crash, and for tests. By default no
  // image does so.
  bool crash_probe = false;
  ImageLimits limits;

  friend bool operator==(const Recipe&, const Recipe&) = default;
};

constexpr std::size_t kMaxSizes = 64;

// First bytes of an image that Recipe::crash_probe makes crash.
constexpr std::string_view kCrashProbe =
    "\xFF\xD8\xFF\xE0"
    "thumbmill crash probe";

}  // namespace thumbmill
