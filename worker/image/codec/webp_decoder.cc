// Decodes WebP by libwebp. A lossy picture without alpha comes as the planes of
// the file: Y, Cb and Cr in video range, without upsampling or conversion. All
// others come as interleaved RGB or RGBA.
//
// libwebp returns no row before it has all rows, so the whole picture is held:
// 1.5 bytes a pixel if lossy, 7 or 8 if lossless. libwebp could reduce the
// picture while it decodes, but that is neither faster nor better. For a
// photograph of 2048x1360, to 200 and to 64 wide:
//
//   reduced by libwebp   233 and 212 million instructions, 44.7 and 42.6 dB
//   held in full         178 and 174 million instructions, 48.8 and 49.2 dB
//
// Only pictures above kHeldPixels are reduced, to bound the memory. Twice kGap
// source samples for one of the thumbnail are then left for our filter.
#include <webp/decode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "worker/image/codec/decoders.h"
#include "worker/image/codec/split.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/webp_layout.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

constexpr std::uint32_t kRowsPerBand = 16;
// Pictures of more pixels are reduced by libwebp, if the hint allows it.
constexpr std::uint64_t kHeldPixels = 32 << 20;

// Source samples for each sample of the thumbnail from which libwebp's
// smoothing of block edges is skipped. At 10 that saves 19 % of the
// instructions, and the picture is as good; at 3 it would cost up to 4 dB.
constexpr double kUnsmoothed = 4;

// Returns the source samples for each sample of the largest thumbnail, on the
// side with fewer.
double StepOf(const ImageHeader& header, const DecodeHint& hint) {
  if (hint.exact || hint.width == 0 || hint.height == 0) return 1;
  return std::min(static_cast<double>(header.width) / hint.width,
                  static_cast<double>(header.height) / hint.height);
}

std::uint32_t DivideUp(std::uint32_t side, unsigned divisor) {
  return (side + divisor - 1) / divisor;
}

class WebpDecoder final : public Decoder, public RowSource {
 public:
  WebpDecoder(ByteSpan bytes, const DecoderOptions& options,
              DecodeWarnings* warnings)
      : layout_(WalkWebp(bytes)), options_(options), warnings_(warnings) {}

  [[nodiscard]] ImageResult<void> Open(ByteSpan bytes);

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] ImageResult<RowSource*> Start(const DecodeHint& hint) override;

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int plane) const override {
    return IsChroma(plane) ? kRowsPerBand / 2 : kRowsPerBand;
  }
  [[nodiscard]] std::size_t RowBytes(int plane) const override {
    return std::size_t{shape_.planes[static_cast<std::size_t>(plane)].width} *
           (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override;

 private:
  [[nodiscard]] bool has_planes() const {
    return picture_.model == ColourModel::kYcc;
  }
  [[nodiscard]] bool IsChroma(int plane) const {
    return has_planes() && plane > 0;
  }
  [[nodiscard]] ImageResult<void> CheckLayout() const;
  [[nodiscard]] ImageResult<void> ReadFeatures();
  void SetShape(unsigned divisor);
  void PointAtRaster(WebPDecBuffer* out);
  // Decodes the first frame into raster_.
  [[nodiscard]] ImageResult<void> Decode(unsigned divisor, bool smooth);
  [[nodiscard]] ImageResult<void> JudgeStatus(VP8StatusCode status);
  void GivePlanes(const Rings& rings) const;
  void GivePixels(const Rings& rings);
  // Returns a row of the canvas, interleaved.
  [[nodiscard]] const std::uint8_t* CanvasRow(std::uint32_t y);

  WebpLayout layout_;
  const DecoderOptions options_;
  DecodeWarnings* warnings_;
  OpenedPicture picture_;
  PictureShape shape_;
  std::uint32_t held_width_ = 0;  // width of the decoded frame
  std::uint32_t held_height_ = 0;
  SampleBuffer raster_;
  std::array<std::size_t, kMaxPlanes> plane_starts_{};
  std::vector<std::uint8_t>
      canvas_row_;    // used if the frame does not cover the canvas
  bool cut_ = false;  // bytes of the picture were missing
};

ImageResult<void> WebpDecoder::CheckLayout() const {
  if (layout_.width == 0 || layout_.frame.empty())
    return layout_.ends
               ? Refuse(Reason::kCorrupt, "no picture in the WebP")
               : Refuse(Reason::kTruncated, "the file ends before its picture");
  const std::uint64_t pixels = std::uint64_t{layout_.width} * layout_.height;
  if (pixels > options_.limits.max_pixels)
    return Refuse(Reason::kTooManyPixels, std::to_string(layout_.width) + "x" +
                                              std::to_string(layout_.height) +
                                              " pixels");
  const bool inside =
      std::uint64_t{layout_.frame_x} + layout_.frame_width <= layout_.width &&
      std::uint64_t{layout_.frame_y} + layout_.frame_height <= layout_.height;
  if (!inside) return Refuse(Reason::kCorrupt, "a frame outside of its canvas");
  if (!layout_.animated && !layout_.covered())
    return Refuse(Reason::kCorrupt, "two sizes for one picture");
  return {};
}

ImageResult<void> WebpDecoder::JudgeStatus(VP8StatusCode status) {
  switch (static_cast<int>(status)) {
    case VP8_STATUS_OK:
      return {};
    case VP8_STATUS_OUT_OF_MEMORY:
      return Refuse(Reason::kMemory, "no memory for libwebp");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Refuse(Reason::kUnsupported, "a kind of WebP that is not read");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      // All bytes are there: the frame gives a wrong length for itself.
      if (layout_.ends || layout_.frame_is_whole)
        return Refuse(Reason::kCorrupt, "the data end early");
      cut_ = true;
      warnings_->Add(Severity::kTruncated, "the file ends early");
      return warnings_->Judge(options_.fail_on);
    default:
      return Refuse(Reason::kCorrupt, "damaged WebP data");
  }
}

ImageResult<void> WebpDecoder::ReadFeatures() {
  WebPBitstreamFeatures features;
  const VP8StatusCode status =
      WebPGetFeatures(layout_.frame.data(), layout_.frame.size(), &features);
  if (auto ok = JudgeStatus(status); !ok) return ok;
  // A truncated file was allowed, but nothing can be decoded without a header.
  if (status != VP8_STATUS_OK)
    return Refuse(Reason::kTruncated, "the file ends in its header");
  if (static_cast<std::uint32_t>(features.width) != layout_.frame_width ||
      static_cast<std::uint32_t>(features.height) != layout_.frame_height)
    return Refuse(Reason::kCorrupt, "two sizes for one picture");
  layout_.lossless = features.format == 2;
  picture_.alpha = features.has_alpha != 0 || !layout_.covered();
  return {};
}

ImageResult<void> WebpDecoder::Open(ByteSpan bytes) {
  if (auto ok = CheckLayout(); !ok) return ok;
  if (auto ok = ReadFeatures(); !ok) return ok;
  picture_.header = PeekWebp(bytes);
  picture_.header.components = picture_.alpha ? 4 : 3;
  picture_.header.lossless = layout_.lossless;
  picture_.wide = picture_.alpha;
  if (!layout_.lossless && !picture_.alpha) {
    picture_.model = ColourModel::kYcc;
    picture_.ycc = {YccCode::Weights::kBt601, true};
  }
  picture_.exif = layout_.exif;
  picture_.exif_orientation = ExifOrientation(layout_.exif);
  if (layout_.icc.size() <= kMaxProfileBytes)
    picture_.icc.assign(layout_.icc.begin(), layout_.icc.end());
  else
    warnings_->Add(Severity::kMinor, "colour profile is too large");
  return {};
}

void WebpDecoder::SetShape(unsigned divisor) {
  held_width_ = DivideUp(layout_.frame_width, divisor);
  held_height_ = DivideUp(layout_.frame_height, divisor);
  shape_.width = layout_.width;
  shape_.height = layout_.height;
  shape_.model = picture_.model;
  shape_.ycc = picture_.ycc;
  shape_.alpha = picture_.alpha;
  shape_.wide = picture_.wide;
  shape_.plane_count = shape_.alpha ? 4 : 3;
  // Start() reduces only a frame that covers the canvas.
  const bool reduced = divisor > 1;
  const std::uint32_t width = reduced ? held_width_ : layout_.width;
  const std::uint32_t height = reduced ? held_height_ : layout_.height;
  for (PlaneShape& plane : shape_.planes)
    plane = {width, height, static_cast<double>(width),
             static_cast<double>(height)};
  if (!has_planes()) return;
  for (std::size_t p = 1; p < 3; ++p) {
    PlaneShape& plane = shape_.planes[p];
    plane.width = (width + 1) / 2;
    plane.height = (height + 1) / 2;
    // The last chroma sample of an odd row stands for one sample of the frame,
    // not for two.
    const std::uint32_t stored_width = (layout_.width + 1) / 2;
    const std::uint32_t stored_height = (layout_.height + 1) / 2;
    plane.extent_x = plane.width * (layout_.width / 2.0) / stored_width;
    plane.extent_y = plane.height * (layout_.height / 2.0) / stored_height;
    if (reduced) continue;
    plane.fine_width = width;
    plane.fine_height = height;
  }
}

void WebpDecoder::PointAtRaster(WebPDecBuffer* out) {
  const std::size_t pixels = std::size_t{held_width_} * held_height_;
  const auto width = static_cast<int>(held_width_);
  out->is_external_memory = 1;
  if (!has_planes()) {
    const int channels = picture_.alpha ? 4 : 3;
    const std::size_t bytes = pixels * static_cast<std::size_t>(channels);
    raster_ = SampleBuffer(bytes);
    out->colorspace = picture_.alpha ? MODE_RGBA : MODE_RGB;
    out->u.RGBA = {raster_.data(), width * channels, bytes};
    return;
  }
  const int half = (width + 1) / 2;
  const std::size_t chroma =
      static_cast<std::size_t>(half) * ((held_height_ + 1) / 2);
  plane_starts_ = {0, pixels, pixels + chroma, 0};
  raster_ = SampleBuffer(pixels + 2 * chroma);
  WebPYUVABuffer& planes = out->u.YUVA;
  out->colorspace = MODE_YUV;
  planes.y = raster_.data();
  planes.u = raster_.data() + plane_starts_[1];
  planes.v = raster_.data() + plane_starts_[2];
  planes.y_stride = width;
  planes.u_stride = planes.v_stride = half;
  planes.y_size = pixels;
  planes.u_size = planes.v_size = chroma;
}

ImageResult<void> WebpDecoder::Decode(unsigned divisor, bool smooth) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0)
    return Refuse(Reason::kUnsupported,
                  "another libwebp than it was built for");
  PointAtRaster(&config.output);
  // A damaged file may leave rows unwritten. They must not show bytes of
  // another picture.
  if (DecodeWarnings::LetsThrough(options_.fail_on, Severity::kTruncated))
    std::memset(raster_.data(), has_planes() ? 128 : 0, raster_.bytes());
  config.options.bypass_filtering = smooth ? 0 : 1;
  config.options.use_scaling = divisor > 1 ? 1 : 0;
  config.options.scaled_width = static_cast<int>(held_width_);
  config.options.scaled_height = static_cast<int>(held_height_);
  return JudgeStatus(
      WebPDecode(layout_.frame.data(), layout_.frame.size(), &config));
}

ImageResult<RowSource*> WebpDecoder::Start(const DecodeHint& hint) {
  const unsigned divisor =
      layout_.covered() ? WebpDivisor(picture_.header, hint) : 1;
  SetShape(divisor);
  const bool smooth = StepOf(picture_.header, hint) < kUnsmoothed;
  if (auto ok = Decode(divisor, smooth); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  if (!layout_.covered()) canvas_row_.resize(std::size_t{layout_.width} * 4);
  return this;
}

void WebpDecoder::GivePlanes(const Rings& rings) const {
  for (int p = 0; p < shape_.plane_count; ++p) {
    const auto plane = static_cast<std::size_t>(p);
    RowRing& ring = *rings[plane];
    const std::size_t width = shape_.planes[plane].width;
    const std::uint32_t rows =
        std::min(BandRows(p), shape_.planes[plane].height - ring.end());
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::size_t y = ring.end() + i;
      std::memcpy(ring.Row(ring.end() + i),
                  raster_.data() + plane_starts_[plane] + y * width, width);
    }
    ring.Append(rows);
  }
}

const std::uint8_t* WebpDecoder::CanvasRow(std::uint32_t y) {
  const std::size_t row_bytes =
      std::size_t{held_width_} * static_cast<std::size_t>(shape_.plane_count);
  if (layout_.covered()) return raster_.data() + y * row_bytes;
  std::fill(canvas_row_.begin(), canvas_row_.end(), std::uint8_t{0});
  if (y >= layout_.frame_y && y - layout_.frame_y < held_height_)
    std::memcpy(&canvas_row_[std::size_t{layout_.frame_x} * 4],
                raster_.data() + (y - layout_.frame_y) * row_bytes, row_bytes);
  return canvas_row_.data();
}

void WebpDecoder::GivePixels(const Rings& rings) {
  const Splitter split = SplitterFor(shape_.plane_count, false);
  const PlaneShape& plane = shape_.planes[0];
  const std::uint32_t rows =
      std::min(kRowsPerBand, plane.height - rings[0]->end());
  for (std::uint32_t i = 0; i < rows; ++i) {
    AppendRow(CanvasRow(rings[0]->end()), shape_, split, rings);
  }
}

ImageResult<void> WebpDecoder::ReadBand(const Rings& rings) {
  if (has_planes()) {
    GivePlanes(rings);
  } else {
    GivePixels(rings);
  }
  return {};
}

// Warns about a wrong size or a missing end. All samples are there, or the
// warning about them was made before.
ImageResult<void> WebpDecoder::Finish() {
  if (cut_ || (layout_.ends && !layout_.wrong_size)) return {};
  warnings_->Add(Severity::kMinor,
                 layout_.wrong_size ? "the RIFF header gives too small a size"
                                    : "the file ends early, after its picture");
  return warnings_->Judge(options_.fail_on);
}

}  // namespace

unsigned WebpDivisor(const ImageHeader& header, const DecodeHint& hint) {
  const std::uint64_t pixels = std::uint64_t{header.width} * header.height;
  // libwebp does not weight chroma by alpha when it reduces a lossy picture.
  const bool alpha = header.components == 4 && !header.lossless;
  if (pixels <= kHeldPixels || alpha) return 1;
  const double divisor = std::floor(StepOf(header, hint) / (2 * kGap));
  return std::max(1u, static_cast<unsigned>(divisor));
}

ImageResult<std::unique_ptr<Decoder>> OpenWebp(ByteSpan bytes,
                                               const DecoderOptions& options,
                                               DecodeWarnings* warnings) {
  auto decoder = std::make_unique<WebpDecoder>(bytes, options, warnings);
  if (auto ok = decoder->Open(bytes); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
