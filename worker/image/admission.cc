#include "worker/image/admission.h"

#include <algorithm>
#include <string>

#include "worker/image/codec/formats.h"
#include "worker/image/cost.h"
#include "worker/image/header/walk_budget.h"

namespace thumbmill {
namespace {

// Predicted peak in bytes that any file may have, however small it is.
constexpr std::uint64_t kPeakOfAnyFile = 256 << 20;
// Most pixels for each byte of a file whose predicted peak exceeds
// kPeakOfAnyFile. A picture with more pixels a byte shows nothing: libwebp's
// lossless encoder (through Pillow, method 4) stores an empty page of 25 MP at
// 24,000 pixels a byte, one with a frame at 21,000, one with a line of text at
// 1,600. Only a picture of one colour, at method 0, reaches 650,000. A file
// that claims more was made to cost its reader memory.
constexpr std::uint64_t kMostPixelsPerByte = 1 << 16;

bool SaysNothing(const ImageHeader& header, std::size_t encoded_bytes) {
  return std::uint64_t{header.width} * header.height / kMostPixelsPerByte >
         encoded_bytes;
}

}  // namespace

ImageResult<void> CheckLimits(const Recipe& recipe, std::size_t encoded_bytes,
                              const OpenedPicture& picture,
                              const std::vector<SizePlan>& plans,
                              std::uint64_t size_mask) {
  if (picture.header.overlong)
    return Refuse(
        Reason::kTooCostly,
        "a header of more than " + std::to_string(kMaxHeaderParts) + " parts");
  const std::uint64_t pixels = OutputPixels(plans);
  if (pixels > recipe.limits.max_output_pixels)
    return Refuse(Reason::kTooCostly,
                  "thumbnails of " + std::to_string(pixels) + " pixels");
  for (const SizePlan& plan : plans)
    if (std::max(plan.place.canvas_width, plan.place.canvas_height) >
        WriterOf(plan.format).longest_side)
      return Refuse(
          Reason::kUnsupported,
          "too long a side for " + std::string(RowOf(plan.format).name));
  // The decoder copies and parses a profile, and we keep it.
  const std::uint64_t peak =
      EstimateCost(picture.header, recipe, size_mask).peak_bytes +
      4 * picture.icc.size();
  const std::uint64_t limit = recipe.limits.max_peak_bytes;
  const std::string needs =
      "needs " + std::to_string(peak) + " bytes of memory";
  if (limit != 0 && peak > limit) return Refuse(Reason::kTooCostly, needs);
  if (peak > kPeakOfAnyFile && SaysNothing(picture.header, encoded_bytes))
    return Refuse(Reason::kTooCostly, needs + ", for a picture in " +
                                          std::to_string(encoded_bytes) +
                                          " bytes");
  return {};
}

}  // namespace thumbmill
