// Computes an upper bound, which is simple on purpose: each term names the
// memory that it stands for. If the header does not tell something (chroma's
// size, alpha in a palette, orientation), the more expensive case is assumed.
#include "worker/image/cost.h"

#include <algorithm>
#include <cmath>

#include "worker/image/codec/decoder.h"
#include "worker/image/codec/encoder.h"
#include "worker/image/header/metadata.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

using U64 = std::uint64_t;

// Bytes that every image costs: the libraries' own tables, a colour transform
// and the cached tables of weights.
constexpr U64 kBaseBytes = 8 << 20;
constexpr U64 kDeflateBytes = 400 << 10;
constexpr U64 kMaxBandRows = 32;
constexpr U64 kRowSlack = 256;  // alignment, whole vectors
// No image with more pixels is admitted, and products might overflow.
constexpr U64 kAbsurdPixels = U64{1} << 40;

// The memory layout of a picture while it is decoded.
struct Layout {
  U64 planes = 3;
  U64 sample_bytes = 1;
  U64 width = 0;  // as decoded
  U64 height = 0;
  U64 held = 0;  // bytes that the decoder holds at once
};

DecodeHint HintFor(const std::vector<SizePlan>& plans, bool exact) {
  DecodeHint hint;
  hint.exact = exact;
  for (const SizePlan& plan : plans) {
    hint.width =
        std::max(hint.width, static_cast<std::uint32_t>(std::min<U64>(
                                 plan.place.scaled_width, UINT32_MAX)));
    hint.height =
        std::max(hint.height, static_cast<std::uint32_t>(std::min<U64>(
                                  plan.place.scaled_height, UINT32_MAX)));
  }
  return hint;
}

Layout JpegLayoutOf(const ImageHeader& header, const DecodeHint& hint) {
  Layout layout;
  const U64 w = header.width, h = header.height;
  layout.planes = std::max<U64>(header.components, 1);
  const U64 eighths = JpegEighths(header.width, header.height, hint);
  layout.width = (w * eighths + 7) / 8 + 32;
  layout.height = (h * eighths + 7) / 8 + 32;
  if (!header.progressive) return layout;
  // The coefficients take two bytes each, in whole MCUs. Our own reader keeps
  // none. At a damaged byte, however, it hands over to the library, which keeps
  // them all, and the header does not tell whether the file is damaged.
  const U64 padding = layout.planes * 32 * (w + h + 32);
  const U64 samples =
      header.samples != 0 ? header.samples : w * h * layout.planes;
  layout.held = 2 * (samples + padding);
  return layout;
}

Layout PngLayoutOf(const ImageHeader& header, const DecodeHint& hint) {
  Layout layout;
  const U64 depth = header.bits == 16 ? 2 : 1;
  // One channel may be a palette, which becomes RGB and alpha.
  layout.planes = header.components == 2 ? 2 : 4;
  layout.sample_bytes = 2;
  layout.width = header.width;
  layout.height = header.height;
  const U64 row = layout.width * layout.planes * depth;
  layout.held = row * 5;
  if (!header.interlaced) return layout;
  const U64 divisor = PngDivisor(header, hint);
  if (divisor == 1) {
    layout.held += row * layout.height;
    return layout;
  }
  // A row of each plane, and 4-byte sums of the reduced picture.
  layout.held += layout.planes * (layout.width * 2 + kRowSlack);
  layout.width = (layout.width + divisor - 1) / divisor;
  layout.height = (layout.height + divisor - 1) / divisor;
  layout.held += layout.width * layout.height * layout.planes * 4;
  return layout;
}

Layout WebpLayoutOf(const ImageHeader& header, const DecodeHint& hint) {
  Layout layout;
  const bool alpha = header.components == 4;
  layout.planes = header.components;
  layout.sample_bytes = alpha ? 2 : 1;
  const U64 divisor = WebpDivisor(header, hint);
  layout.width = (header.width + divisor - 1) / divisor;
  layout.height = (header.height + divisor - 1) / divisor;
  const U64 pixels = U64{header.width} * header.height;
  const U64 given = (layout.width + 1) * (layout.height + 1);
  if (header.lossless) {
    // libwebp's own 32-bit pixels, and the pixels that it returns.
    layout.held = pixels * 4 + given * layout.planes;
  } else {
    // A picture without alpha needs Y, and chroma of half the size. One with
    // alpha needs RGBA and the alpha plane, which may be compressed losslessly.
    layout.held = alpha ? given * 4 + pixels * 6 : given * 3 / 2;
  }
  // Rows inside libwebp, for macroblocks, the upsampler and the rescaler.
  layout.held += U64{header.width} * 128 + (1 << 20);
  return layout;
}

Layout GifLayoutOf(const ImageHeader& header) {
  Layout layout;
  layout.planes = 4;
  layout.sample_bytes = 2;
  layout.width = header.width;
  layout.height = header.height;
  // A row of indices, which may be longer than the screen, a row of colours,
  // and giflib's tables.
  layout.held = (64 << 10) + layout.width * 4 + (64 << 10);
  if (header.interlaced) layout.held += layout.width * layout.height;
  return layout;
}

Layout AvifLayoutOf(const ImageHeader& header) {
  Layout layout;
  layout.planes = header.components;
  layout.sample_bytes = 2;
  layout.width = header.width;
  layout.height = header.height;
  // dav1d works in squares of 128.
  const U64 padded = (layout.width + 256) * (layout.height + 256);
  const U64 samples = header.samples + (padded - layout.width * layout.height) *
                                           header.components;
  // The picture twice: a second copy is needed to join tiles or to add film
  // grain. Also dav1d's notes about each block, for colours and for alpha.
  layout.held = 2 * samples * (header.bits > 8 ? 2 : 1) + 2 * padded;
  constexpr U64 kDav1dBytes = 512 << 10;
  layout.held += (U64{header.items} + 2) * kDav1dBytes;
  return layout;
}

Layout LayoutOf(const ImageHeader& header, const DecodeHint& hint) {
  switch (header.format) {
    case ImageFormat::kJpeg:
      return JpegLayoutOf(header, hint);
    case ImageFormat::kWebp:
      return WebpLayoutOf(header, hint);
    case ImageFormat::kGif:
      return GifLayoutOf(header);
    case ImageFormat::kAvif:
      return AvifLayoutOf(header);
    default:
      return PngLayoutOf(header, hint);
  }
}

// Adds the memory of LinearRows: rows of the file's own planes, and tables that
// enlarge planes to full size.
void BecomeLinear(Layout* layout) {
  constexpr U64 kLag = 24, kTables = 250, kCurves = 192 << 10;
  const U64 row = layout->width * 2 + kRowSlack;
  layout->held += layout->planes * row * (kMaxBandRows + kLag) +
                  kTables * layout->planes * (layout->width + layout->height) +
                  24 * layout->width + kCurves;
  layout->sample_bytes = 2;
}

// Returns the bytes of the rows that the filters read, on all levels, and of
// one row between the two steps.
U64 WindowBytes(const Layout& layout, const std::vector<SizePlan>& plans,
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

U64 TableBytes(const SizePlan& plan, const Layout& layout, FilterKind filter) {
  const auto table = [&](U64 from, U64 scaled, U64 count) {
    const double step = static_cast<double>(from) / static_cast<double>(scaled);
    return count * (2 * (U64{MaxTaps(filter, step)} + 8) * 2 + 80);
  };
  return 2 *
         (table(layout.width, plan.place.scaled_width, plan.place.width) +
          table(layout.height, plan.place.scaled_height, plan.place.height));
}

U64 RasterBytes(const SizePlan& plan, const Layout& layout) {
  // The 16 pays for padded rows, in both directions because the picture may lie
  // on its side.
  const U64 area = (plan.place.width + 16) * (plan.place.height + 16);
  return area * layout.planes * layout.sample_bytes;
}

U64 EncoderBytes(U64 canvas, ImageFormat format) {
  switch (format) {
    case ImageFormat::kPng:
      return kDeflateBytes;
    case ImageFormat::kWebp:
      // RGBA, the same as planes, tokens and the output. The lossless encoder
      // compresses alpha.
      return 40 * canvas + (2 << 20);
    default:
      return 6 * canvas;
  }
}

// Returns the bytes needed while a thumbnail is encoded: its planes turned
// upright, and the encoder's own memory.
U64 EncodeBytes(const SizePlan& plan, const Layout& layout,
                ImageFormat format) {
  const U64 canvas =
      (plan.place.canvas_width + 16) * (plan.place.canvas_height + 16);
  const U64 rows = 24 * plan.place.canvas_width;
  return RasterBytes(plan, layout) + rows + EncoderBytes(canvas, format);
}

U64 OutputBytes(const SizePlan& plan, const Recipe& recipe,
                ImageFormat format) {
  constexpr U64 kHeaders = 1024;
  const U64 pixels = plan.place.pixels();
  if (format == ImageFormat::kPng)
    return pixels * 4 + plan.place.canvas_height * 2 + kHeaders;
  const bool webp = format == ImageFormat::kWebp;
  const int quality = webp ? recipe.webp_quality : recipe.jpeg_quality;
  // The thumbnails of our corpus stay below this, although small thumbnails
  // have much detail per pixel.
  const U64 colours = quality < 90 ? pixels * 3 / 2 : pixels * 3;
  return kHeaders + colours + (webp ? pixels : 0);  // lossless alpha
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
  Layout layout = LayoutOf(header, HintFor(plans, WantsExact(recipe)));
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
      output = std::max(output, OutputBytes(plan, recipe, written));
    }
    cost.output_bytes += output + metadata;
  }
  cost.peak_bytes += encode;
  return cost;
}

}  // namespace

std::vector<SizePlan> PlanSizes(std::uint32_t width, std::uint32_t height,
                                const Recipe& recipe, U64 size_mask) {
  std::vector<SizePlan> plans;
  for (std::uint32_t i = 0; i < recipe.sizes.size() && i < kMaxSizes; ++i)
    if ((size_mask >> i & 1) != 0)
      plans.push_back(
          {i, Place(width, height, recipe.sizes[i], recipe.enlarge)});
  return plans;
}

ImageFormat OutputFormat(const Recipe& recipe, ImageFormat source, bool alpha) {
  if (recipe.format != ImageFormat::kUnknown) return recipe.format;
  if (source != ImageFormat::kGif && source != ImageFormat::kAvif)
    return source;
  return alpha ? ImageFormat::kPng : ImageFormat::kJpeg;
}

std::uint64_t LongestSide(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return kMaxJpegSide;
    case ImageFormat::kWebp:
      return kMaxWebpSide;
    default:
      return kMaxPngSide;
  }
}

ImageFormat FormatOfSize(const Placement& place, ImageFormat usual,
                         bool alpha) {
  const U64 side = std::max(place.canvas_width, place.canvas_height);
  if (side <= LongestSide(usual)) return usual;
  return alpha || side > kMaxJpegSide ? ImageFormat::kPng : ImageFormat::kJpeg;
}

U64 OutputPixels(const std::vector<SizePlan>& plans) {
  U64 pixels = 0;
  for (const SizePlan& plan : plans)
    if (__builtin_add_overflow(pixels, plan.place.pixels(), &pixels))
      return UINT64_MAX;
  return pixels;
}

CostEstimate EstimateCost(const ImageHeader& header, const Recipe& recipe,
                          U64 size_mask) {
  if (header.width == 0 || header.height == 0) return {};
  CostEstimate cost = CostOf(header, recipe, size_mask, false);
  // The header does not tell the orientation, so the larger cost of both cases
  // counts. Without `rotate` only an AVIF may be turned: by its container.
  if (!recipe.rotate && header.format != ImageFormat::kAvif) return cost;
  const CostEstimate lying = CostOf(header, recipe, size_mask, true);
  cost.peak_bytes = std::max(cost.peak_bytes, lying.peak_bytes);
  cost.output_bytes = std::max(cost.output_bytes, lying.output_bytes);
  cost.output_pixels = std::max(cost.output_pixels, lying.output_pixels);
  return cost;
}

}  // namespace thumbmill
