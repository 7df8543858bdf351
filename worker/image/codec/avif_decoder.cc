// Decodes AVIF by libavif with dav1d, in the calling thread alone.
//
// Where the container names a known formula for 8-bit Y, Cb and Cr, the decoder
// gives the planes of the file. Every other picture (10 and 12 bits, alpha, RGB
// or YCgCo, a crop, or no formula known before decoding) becomes RGB of 16 bits
// row by row. Chroma of half the size is then repeated; when the picture is
// made smaller, that gives the same mean.
//
// dav1d returns no row before it has all rows: the whole picture is held, a
// grid of tiles twice.
//
// A warning is damage only if a sample may be wrong or missing:
//
//   coded bytes of the picture, a tile or       kTruncated if the file ends
//     alpha are missing or make no sense          early, else kCorrupt
//   boxes that name the picture make no sense   the same
//   EXIF is cut or is not EXIF                  kMinor: decoded without it
//   the file ends early, after those bytes      kMinor
//   a profile is too large                      kMinor: taken for sRGB
//   XMP, thumbnails, unknown boxes or items     no warning: nobody reads them
#include <avif/avif.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "worker/image/codec/avif_colours.h"
#include "worker/image/codec/avif_input.h"
#include "worker/image/codec/avif_rewrite.h"
#include "worker/image/codec/avif_rows.h"
#include "worker/image/codec/decoders.h"
#include "worker/image/codec/split.h"
#include "worker/image/colour/colour.h"
#include "worker/image/header/avif_layout.h"
#include "worker/image/header/avif_meta.h"
#include "worker/image/header/exif.h"

namespace thumbmill {
namespace {

constexpr std::uint32_t kRowsPerBand = 16;
// The most frames of a file that has only a track: libavif makes a list of all.
constexpr std::uint32_t kMaxFrames = 1 << 14;

// The largest `moov` box. A frame needs about 20 bytes of it.
constexpr std::uint64_t kMaxMovieBytes = 8 << 20;

struct DestroyDecoder {
  void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};

class AvifDecoder final : public Decoder, public RowSource {
 public:
  AvifDecoder(ByteSpan bytes, const DecoderOptions& options,
              DecodeWarnings* warnings)
      : bytes_(bytes),
        layout_(WalkAvif(bytes)),
        options_(options),
        warnings_(warnings) {}

  [[nodiscard]] ImageResult<void> Open();

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] ImageResult<RowSource*> Start(const DecodeHint& hint) override;

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int plane) const override {
    const bool halved = shape_.planes[static_cast<std::size_t>(plane)].height <
                        shape_.planes[0].height;
    return halved ? kRowsPerBand / 2 : kRowsPerBand;
  }
  [[nodiscard]] std::size_t RowBytes(int plane) const override {
    return std::size_t{shape_.planes[static_cast<std::size_t>(plane)].width} *
           (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override {
    if (layout_.cut)
      warnings_->Add(Severity::kMinor, "the file ends within its last box");
    return {};
  }

 private:
  [[nodiscard]] ImageResult<void> CheckSize(std::uint32_t width,
                                            std::uint32_t height) const;
  [[nodiscard]] ImageResult<void> Judge(avifResult result) const;
  [[nodiscard]] bool EndsEarly() const;
  [[nodiscard]] avifResult TryParse(bool ignore_exif);
  [[nodiscard]] ImageResult<void> Parse();
  void DescribePicture();
  void KeepMetadata();
  [[nodiscard]] ImageResult<void> CheckDecoded() const;
  void SetShape();

  ByteSpan bytes_;
  AvifLayout layout_;
  const DecoderOptions options_;
  DecodeWarnings* warnings_;
  std::optional<AvifInput> input_;
  std::unique_ptr<avifDecoder, DestroyDecoder> avif_;
  OpenedPicture picture_;
  PictureShape shape_;
  avifCropRect crop_{};
  bool grey_ = false;
  bool gives_planes_ = false;
  AvifColours colours_;
};

ImageResult<void> AvifDecoder::CheckSize(std::uint32_t width,
                                         std::uint32_t height) const {
  const std::uint64_t limit = std::min<std::uint64_t>(
      options_.limits.max_pixels, AVIF_DEFAULT_IMAGE_SIZE_LIMIT);
  if (std::uint64_t{width} * height <= limit) return {};
  return Refuse(Reason::kTooManyPixels, std::to_string(width) + "x" +
                                            std::to_string(height) + " pixels");
}

// Turns a result of libavif into an ImageResult.
ImageResult<void> AvifDecoder::Judge(avifResult result) const {
  const std::string text = avifResultToString(result);
  switch (static_cast<int>(result)) {
    case AVIF_RESULT_OK:
      return {};
    case AVIF_RESULT_OUT_OF_MEMORY:
      return Refuse(Reason::kMemory, "no memory for libavif");
    case AVIF_RESULT_NOT_IMPLEMENTED:
    case AVIF_RESULT_UNSUPPORTED_DEPTH:
    case AVIF_RESULT_NO_CODEC_AVAILABLE:
      return Refuse(Reason::kUnsupported, text);
    case AVIF_RESULT_TRUNCATED_DATA:
      return Refuse(Reason::kTruncated, text);
    default:
      return Refuse(EndsEarly() ? Reason::kTruncated : Reason::kCorrupt, text);
  }
}

// Returns true if bytes that the boxes name are missing. Called only after a
// failure, to tell a truncated file from a corrupt one.
bool AvifDecoder::EndsEarly() const {
  if (!layout_.ends) return true;
  const auto meta = AvifMeta::Read(bytes_);
  return meta && meta->LacksBytes();
}

avifResult AvifDecoder::TryParse(bool ignore_exif) {
  avif_.reset(avifDecoderCreate());
  if (avif_ == nullptr) return AVIF_RESULT_OUT_OF_MEMORY;
  avif_->codecChoice = AVIF_CODEC_CHOICE_DAV1D;
  avif_->maxThreads = 1;
  avif_->ignoreXMP = AVIF_TRUE;
  avif_->ignoreExif = ignore_exif ? AVIF_TRUE : AVIF_FALSE;
  avif_->imageSizeLimit = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
      options_.limits.max_pixels, 1, AVIF_DEFAULT_IMAGE_SIZE_LIMIT));
  avif_->imageDimensionLimit = 0;  // imageSizeLimit bounds the pixels
  avif_->imageCountLimit = kMaxFrames;
  // The strict checks refuse files of old encoders that lack boxes which
  // decoding does not need. A crop that makes no sense is ignored.
  avif_->strictFlags = AVIF_STRICT_DISABLED;
  const auto source = layout_.has_primary ? AVIF_DECODER_SOURCE_PRIMARY_ITEM
                                          : AVIF_DECODER_SOURCE_TRACKS;
  const avifResult result = avifDecoderSetSource(avif_.get(), source);
  if (result != AVIF_RESULT_OK) return result;
  avifDecoderSetIO(avif_.get(), input_->io());
  return avifDecoderParse(avif_.get());
}

ImageResult<void> AvifDecoder::Parse() {
  auto head = RewriteAvifHead(bytes_);
  if (!head) return tl::unexpected<ImageError>(std::move(head).error());
  input_.emplace(std::move(*head), bytes_);
  const avifResult result = TryParse(false);
  if (result == AVIF_RESULT_OK || !layout_.has_exif) return Judge(result);
  // Perhaps only the EXIF is broken. No sample depends on it, so try without
  // it.
  if (TryParse(true) != AVIF_RESULT_OK) return Judge(result);
  warnings_->Add(Severity::kMinor, "EXIF that cannot be read");
  return {};
}

void AvifDecoder::DescribePicture() {
  const avifImage& image = *avif_->image;
  crop_ = {0, 0, image.width, image.height};
  avifCropRect crop;
  avifDiagnostics unused;
  avifDiagnosticsClearError(&unused);
  const bool cropped = (image.transformFlags & AVIF_TRANSFORM_CLAP) != 0 &&
                       avifCropRectConvertCleanApertureBox(
                           &crop, &image.clap, image.width, image.height,
                           image.yuvFormat, &unused) != AVIF_FALSE;
  if (cropped) crop_ = crop;
  grey_ = image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400;
  picture_.alpha = avif_->alphaPresent != AVIF_FALSE;
  const auto code = PlaneCodeOf(image);
  gives_planes_ =
      image.depth == 8 && !picture_.alpha && !cropped && (grey_ || code);
  picture_.model = ColourModel::kRgb;
  if (gives_planes_) picture_.model = ColourModel::kYcc;
  if (grey_) picture_.model = ColourModel::kGrey;
  if (picture_.model == ColourModel::kYcc) picture_.ycc = *code;
  picture_.wide = !gives_planes_;
  ImageHeader& header = picture_.header;
  header.width = crop_.width;
  header.height = crop_.height;
  header.bits = static_cast<std::uint8_t>(image.depth);
  header.components =
      static_cast<std::uint8_t>((grey_ ? 1 : 3) + (picture_.alpha ? 1 : 0));
}

// The container's own rotation counts. EXIF counts only if the container gives
// none.
void AvifDecoder::KeepMetadata() {
  const avifImage& image = *avif_->image;
  picture_.exif = {image.exif.data, image.exif.size};
  constexpr avifTransformFlags kTurns =
      AVIF_TRANSFORM_IROT | AVIF_TRANSFORM_IMIR;
  picture_.turned_by_container = (image.transformFlags & kTurns) != 0;
  picture_.exif_orientation = picture_.turned_by_container
                                  ? OrientationOf(image)
                                  : ExifOrientation(picture_.exif);
  picture_.space = SpaceIn(image);
  if (image.icc.size > kMaxProfileBytes)
    return warnings_->Add(Severity::kMinor, "colour profile is too large");
  picture_.icc.assign(image.icc.data, image.icc.data + image.icc.size);
}

ImageResult<void> AvifDecoder::Open() {
  // libavif would keep all boxes in memory, and the sample tables of a track.
  if (layout_.overlong || layout_.movie_bytes > kMaxMovieBytes)
    return Refuse(Reason::kTooCostly, "a header of too many boxes");
  if (auto ok = CheckSize(layout_.width, layout_.height); !ok) return ok;
  if (auto ok = Parse(); !ok) return ok;
  const avifImage& image = *avif_->image;
  if (auto ok = CheckSize(image.width, image.height); !ok) return ok;
  if (image.width == 0 || image.height == 0 || image.depth < 8 ||
      image.depth > 12)
    return Refuse(Reason::kCorrupt, "an AVIF of no size or an odd depth");
  picture_.header = PeekAvif(bytes_);
  DescribePicture();
  KeepMetadata();
  return {};
}

// Memory was granted for the size and format that the container promised.
// Refuses a coded picture that differs.
ImageResult<void> AvifDecoder::CheckDecoded() const {
  const avifImage& image = *avif_->image;
  const bool same = image.width >= crop_.x + crop_.width &&
                    image.height >= crop_.y + crop_.height &&
                    image.depth == picture_.header.bits &&
                    (image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400) == grey_ &&
                    (!picture_.alpha || image.alphaPlane != nullptr) &&
                    image.yuvPlanes[AVIF_CHAN_Y] != nullptr;
  if (same) return {};
  return Refuse(Reason::kCorrupt, "the picture is not what its file says");
}

ImageResult<RowSource*> AvifDecoder::Start(const DecodeHint&) {
  // Limits the coded picture to the predicted size.
  avif_->imageSizeLimit = avif_->image->width * avif_->image->height;
  if (auto ok = Judge(avifDecoderNextImage(avif_.get())); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  if (auto ok = CheckDecoded(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  auto colours = AvifColours::For(*avif_->image);
  if (!colours) return tl::unexpected<ImageError>(std::move(colours).error());
  colours_ = *colours;
  SetShape();
  return this;
}

void AvifDecoder::SetShape() {
  shape_.width = crop_.width;
  shape_.height = crop_.height;
  shape_.model = picture_.model;
  shape_.ycc = picture_.ycc;
  shape_.alpha = picture_.alpha;
  shape_.wide = picture_.wide;
  shape_.plane_count = (grey_ ? 1 : 3) + (shape_.alpha ? 1 : 0);
  for (PlaneShape& plane : shape_.planes)
    plane = {shape_.width, shape_.height, static_cast<double>(shape_.width),
             static_cast<double>(shape_.height)};
  if (shape_.model != ColourModel::kYcc) return;
  const AvifSubsampling chroma(*avif_->image);
  for (std::size_t p = 1; p < 3; ++p) {
    PlaneShape& plane = shape_.planes[p];
    if (chroma.x != 0) {
      plane.fine_width = shape_.width;
      plane.width = (shape_.width + 1) / 2;
      plane.extent_x = shape_.width / 2.0;
    }
    if (chroma.y != 0) {
      plane.fine_height = shape_.height;
      plane.height = (shape_.height + 1) / 2;
      plane.extent_y = shape_.height / 2.0;
    }
  }
}

ImageResult<void> AvifDecoder::ReadBand(const Rings& rings) {
  const avifImage& image = *avif_->image;
  const auto count = static_cast<std::size_t>(shape_.plane_count);
  if (gives_planes_) {
    for (std::size_t p = 0; p < count; ++p) {
      const int plane = static_cast<int>(p);
      const std::uint32_t rows =
          std::min(BandRows(plane), shape_.planes[p].height - rings[p]->end());
      GiveAvifRows(image, shape_.planes[p], plane, rows, rings[p]);
    }
    return {};
  }
  const AvifWindow window = {crop_.x, crop_.y, shape_.width, shape_.alpha};
  const std::uint32_t first = rings[0]->end();
  const std::uint32_t last = std::min(first + kRowsPerBand, shape_.height);
  for (std::uint32_t y = first; y < last; ++y) {
    RowPointers out{};
    for (std::size_t p = 0; p < count; ++p) out[p] = rings[p]->Row(y);
    ConvertAvifRow(image, colours_, window, y, out);
    for (std::size_t p = 0; p < count; ++p) rings[p]->Append(1);
  }
  return {};
}

}  // namespace

ImageResult<std::unique_ptr<Decoder>> OpenAvif(ByteSpan bytes,
                                               const DecoderOptions& options,
                                               DecodeWarnings* warnings) {
  auto decoder = std::make_unique<AvifDecoder>(bytes, options, warnings);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
