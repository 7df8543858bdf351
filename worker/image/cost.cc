// Computes an upper bound, which is simple on purpose: each term names the
// memory that it stands for. If the header does not tell something (chroma's
// size, alpha in a palette, orientation), the more expensive case is assumed.
#include "worker/image/cost.h"

#include <algorithm>
#include <cmath>

#include "worker/image/codec/formats.h"
#include "worker/image/header/metadata.h"
#include "worker/image/plan.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

using U64 = std::uint64_t;

// Bytes that every image costs: the libraries' own tables, a colour transform
// and the cached tables of weights.
constexpr U64 kBaseBytes = 8 << 20;
constexpr U64 kMaxBandRows = 32;
constexpr U64 kRowSlack = 256;  // alignment, whole vectors
// No image with more pixels is admitted, and products might overflow.
constexpr U64 kAbsurdPixels = U64{1} << 40;

// Adds the memory of LinearRows: rows of the file's own planes, and tables that
// enlarge planes to full size.
void BecomeLinear(DecodeMemory* layout) {
  constexpr U64 kLag = 24, kTables = 250, kCurves = 192 << 10;
  const U64 row = layout->width * 2 + kRowSlack;
  layout->held += layout->planes * row * (kMaxBandRows + kLag) +
                  kTables * layout->planes * (layout->width + layout->height) +
                  24 * layout->width + kCurves;
  layout->sample_bytes = 2;
}

// Returns the bytes of the rows that the filters read, on all levels, and of
// one row between the two steps.
U64 WindowBytes(const DecodeMemory& layout, const std::vector<SizePlan>& plans,
                FilterKind filter) {
  U64 window = 2;
  for (const SizePlan& plan : plans) {
    const double step_x = static_cast<double>(layout.width) /
                          static_cast<double>(plan.place.scaled_width);
    const double step_y = static_cast<double>(layout.height) /
                          static_cast<double>(plan.place.scaled_height);
    const int level = PyramidLevel(filter, step_x, step_y);
    const double step = std::max(std::ldexp(step_y, -level), 2 * kGap);
    window = std::max<U64>(window, MaxTaps(filter, step));
  }
  const U64 rows = std::min(window, layout.height) + kMaxBandRows;
  const U64 row = layout.width * layout.sample_bytes + kRowSlack;
  return 2 * layout.planes * rows * row + 2 * layout.width;
}

U64 TableBytes(const SizePlan& plan, const DecodeMemory& layout,
               FilterKind filter) {
  const auto table = [&](U64 from, U64 scaled, U64 count) {
    const double step = static_cast<double>(from) / static_cast<double>(scaled);
    return count * (2 * (U64{MaxTaps(filter, step)} + 8) * 2 + 80);
  };
  return 2 *
         (table(layout.width, plan.place.scaled_width, plan.place.width) +
          table(layout.height, plan.place.scaled_height, plan.place.height));
}

U64 RasterBytes(const SizePlan& plan, const DecodeMemory& layout) {
  // The 16 pays for padded rows, in both directions because the picture may lie
  // on its side.
  const U64 area = (plan.place.width + 16) * (plan.place.height + 16);
  return area * layout.planes * layout.sample_bytes;
}

// Returns the bytes needed while a thumbnail is encoded: its planes turned
// upright, and the encoder's own memory.
U64 EncodeBytes(const SizePlan& plan, const DecodeMemory& layout,
                ImageFormat format) {
  const U64 canvas =
      (plan.place.canvas_width + 16) * (plan.place.canvas_height + 16);
  const U64 rows = 24 * plan.place.canvas_width;
  return RasterBytes(plan, layout) + rows + WriterOf(format).memory(canvas);
}

// Returns the bytes of metadata in each thumbnail.
U64 MetadataBytes(const ImageHeader& header, const Keep& keep) {
  constexpr U64 kFraming = 64;  // per segment, chunk or piece
  U64 bytes = 0;
  if (keep.icc && header.icc_bytes > 0) {
    const U64 icc = std::min<U64>(header.icc_bytes, kMaxProfileBytes);
    bytes += icc + (icc / 60'000 + 1) * kFraming;
  }
  if ((keep.exif || keep.copyright) && header.exif_bytes > 0)
    bytes += std::min<U64>(header.exif_bytes, kMaxExifBytes) + kFraming;
  return bytes;
}

// `lying` means that the orientation turns the picture by 90 degrees.
CostEstimate CostOf(const ImageHeader& header, const Recipe& recipe,
                    U64 size_mask, bool lying) {
  auto plans = lying
                   ? PlanSizes(header.height, header.width, recipe, size_mask)
                   : PlanSizes(header.width, header.height, recipe, size_mask);
  CostEstimate cost;
  cost.output_pixels = OutputPixels(plans);
  if (cost.output_pixels > kAbsurdPixels ||
      U64{header.width} * header.height > kAbsurdPixels)
    return {UINT64_MAX, UINT64_MAX, cost.output_pixels};
  // Everything below uses the axes of the stored picture.
  if (lying)
    for (SizePlan& plan : plans) {
      std::swap(plan.place.scaled_width, plan.place.scaled_height);
      std::swap(plan.place.width, plan.place.height);
    }
  DecodeMemory layout =
      CodecOf(header.format)
          .memory(header, HintFor(plans, Orientation(), recipe));
  if (recipe.linear) BecomeLinear(&layout);
  const ImageFormat format = OutputFormat(recipe, header.format, true);
  cost.peak_bytes =
      kBaseBytes + layout.held + WindowBytes(layout, plans, recipe.filter);
  const U64 metadata = MetadataBytes(header, recipe.keep);
  // The metadata exist three times: as read, rewritten and deflated.
  cost.peak_bytes += 3 * metadata;
  U64 encode = 0;
  for (const SizePlan& plan : plans) {
    cost.peak_bytes +=
        RasterBytes(plan, layout) + TableBytes(plan, layout, recipe.filter);
    U64 output = 0;
    for (const bool alpha : {false, true}) {
      const ImageFormat written = FormatOfSize(plan.place, format, alpha);
      encode = std::max(encode, EncodeBytes(plan, layout, written));
      output =
          std::max(output, WriterOf(written).file_bytes(plan.place, recipe));
    }
    cost.output_bytes += output + metadata;
  }
  cost.peak_bytes += encode;
  return cost;
}

}  // namespace

CostEstimate EstimateCost(const ImageHeader& header, const Recipe& recipe,
                          U64 size_mask) {
  if (header.width == 0 || header.height == 0) return {};
  CostEstimate cost = CostOf(header, recipe, size_mask, false);
  // The header does not tell the orientation, so the larger cost of both cases
  // counts. Without `rotate` only a container may turn the picture.
  if (!recipe.rotate && !CodecOf(header.format).turns_by_container) return cost;
  const CostEstimate lying = CostOf(header, recipe, size_mask, true);
  cost.peak_bytes = std::max(cost.peak_bytes, lying.peak_bytes);
  cost.output_bytes = std::max(cost.output_bytes, lying.output_bytes);
  cost.output_pixels = std::max(cost.output_pixels, lying.output_pixels);
  return cost;
}

}  // namespace thumbmill
