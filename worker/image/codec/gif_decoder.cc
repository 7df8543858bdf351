// Decodes the first picture of a GIF by giflib, row by row, on the file's
// logical screen, which is enlarged to hold it (gif_layout.h). The screen is
// transparent where the picture does not reach, as in browsers. The decoder
// holds one row, or, if the rows are interlaced, the indices of all rows.
//
// A warning is damage only if a sample may be wrong or missing:
//
//   the file ends, or codes make no sense,     kTruncated, kDamaged: all later
//     before the last pixel                      rows are missing
//   the codes of the picture end before it     kDamaged, as above
//   the file ends after the last pixel, and    kMinor: nothing is missing
//     the end of its codes is missing
//   there is no trailer after the picture      kMinor
//   bytes after the trailer, more pictures,    no warning: nobody reads them
//     codes after the last pixel
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/image/codec/decoders.h"
#include "worker/image/codec/gif_input.h"
#include "worker/image/codec/split.h"
#include "worker/image/header/gif_layout.h"

namespace thumbmill {
namespace {

constexpr std::uint32_t kRowsPerBand = 16;

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using GifFile = std::unique_ptr<GifFileType, CloseGif>;

// One pass of an interlaced picture: every `step`th row from `first` on.
struct Pass {
  std::uint32_t first, step;
};
constexpr Pass kPasses[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

class GifDecoder final : public Decoder, public RowSource {
 public:
  GifDecoder(ByteSpan bytes, const DecoderOptions& options,
             DecodeWarnings* warnings)
      : input_(bytes),
        layout_(WalkGif(bytes)),
        options_(options),
        warnings_(warnings) {}

  [[nodiscard]] ImageResult<void> Open();

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] ImageResult<RowSource*> Start(const DecodeHint& hint) override;

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return kRowsPerBand;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.width} * (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override;

 private:
  [[nodiscard]] ImageResult<void> CheckLayout() const;
  [[nodiscard]] ImageResult<void> FindPicture();
  [[nodiscard]] ImageResult<void> ReadColours();
  [[nodiscard]] ImageError Failure() const;
  // Call after a failed read. Returns an error, or success if the rest of the
  // picture may be missing.
  [[nodiscard]] ImageResult<void> GaveUp();
  // Reads the next row of the picture into line_.
  [[nodiscard]] ImageResult<void> ReadLine();
  [[nodiscard]] ImageResult<void> ReadInterlaced();
  // Returns the indices of a row of the picture, or null if the row is missing.
  [[nodiscard]] ImageResult<const std::uint8_t*> Indices(std::uint32_t row);
  // Puts the colours of one row of indices into row_.
  void Paint(const std::uint8_t* indices);

  GifInput input_;
  GifLayout layout_;
  const DecoderOptions options_;
  DecodeWarnings* warnings_;
  GifFile gif_;
  OpenedPicture picture_;
  PictureShape shape_;
  // The samples of each index, in the order of the channels.
  std::array<std::array<std::uint8_t, 4>, 256> colours_{};
  std::vector<std::uint8_t> line_;
  std::vector<std::uint8_t> raster_;  // all indices of an interlaced picture
  std::vector<std::uint8_t> row_;     // one row of the screen, interleaved
  bool gave_up_ = false;
};

ImageError GifDecoder::Failure() const {
  if (input_.hit_end()) return {Reason::kTruncated, "the file ends early"};
  const int code = gif_ == nullptr ? 0 : gif_->Error;
  if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
    return {Reason::kMemory, "no memory for giflib"};
  const char* text = GifErrorString(code);
  return {Reason::kCorrupt, text == nullptr ? "damaged GIF data" : text};
}

ImageResult<void> GifDecoder::GaveUp() {
  const ImageError failure = Failure();
  const Severity severity =
      input_.hit_end() ? Severity::kTruncated : Severity::kDamaged;
  if (failure.reason == Reason::kMemory ||
      !DecodeWarnings::LetsThrough(options_.fail_on, severity))
    return tl::unexpected<ImageError>(failure);
  warnings_->Add(severity, failure.message);
  gave_up_ = true;
  return {};
}

ImageResult<void> GifDecoder::CheckLayout() const {
  const auto pixels_of = [](std::uint64_t width, std::uint64_t height) {
    return std::to_string(width) + "x" + std::to_string(height) + " pixels";
  };
  if (layout_.overlong)
    return Refuse(Reason::kTooCostly, "too many blocks before the picture");
  const std::uint64_t limit = options_.limits.max_pixels;
  if (std::uint64_t{layout_.width} * layout_.height > limit)
    return Refuse(Reason::kTooManyPixels,
                  pixels_of(layout_.width, layout_.height));
  if (std::uint64_t{layout_.frame_width} * layout_.frame_height > limit)
    return Refuse(Reason::kTooManyPixels,
                  pixels_of(layout_.frame_width, layout_.frame_height));
  if (!layout_.has_frame)
    return layout_.ends
               ? Refuse(Reason::kCorrupt, "a GIF without a picture")
               : Refuse(Reason::kTruncated, "the file ends before its picture");
  // The data need at least a code size and the length of a block.
  if (layout_.data_bytes < 2)
    return Refuse(Reason::kTruncated, "the file ends before its picture");
  if (layout_.width == 0 || layout_.height == 0 || layout_.frame_width == 0 ||
      layout_.frame_height == 0)
    return Refuse(Reason::kCorrupt, "a side of the picture is 0");
  return {};
}

// Makes giflib pass the extensions before the picture. WalkGif() has read them
// already.
ImageResult<void> GifDecoder::FindPicture() {
  GifRecordType type = UNDEFINED_RECORD_TYPE;
  while (true) {
    if (DGifGetRecordType(gif_.get(), &type) == GIF_ERROR)
      return tl::unexpected<ImageError>(Failure());
    if (type == IMAGE_DESC_RECORD_TYPE) break;
    if (type != EXTENSION_RECORD_TYPE)
      return Refuse(Reason::kCorrupt, "a GIF without a picture");
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif_.get(), &code, &block) == GIF_ERROR)
      return tl::unexpected<ImageError>(Failure());
    while (block != nullptr)
      if (DGifGetExtensionNext(gif_.get(), &block) == GIF_ERROR)
        return tl::unexpected<ImageError>(Failure());
  }
  if (DGifGetImageDesc(gif_.get()) == GIF_ERROR)
    return tl::unexpected<ImageError>(Failure());
  const GifImageDesc& found = gif_->Image;
  if (found.Width != static_cast<int>(layout_.frame_width) ||
      found.Height != static_cast<int>(layout_.frame_height))
    return Refuse(Reason::kCorrupt, "two sizes for one picture");
  input_.EnterCodes();
  return {};
}

// Fills colours_. Indices beyond the table are black. A transparent index gets
// samples of 0: colour is multiplied by alpha.
ImageResult<void> GifDecoder::ReadColours() {
  const ColorMapObject* table =
      gif_->Image.ColorMap != nullptr ? gif_->Image.ColorMap : gif_->SColorMap;
  if (table == nullptr)
    return Refuse(Reason::kCorrupt, "a GIF without a table of colours");
  const int count = std::clamp(table->ColorCount, 0, 256);
  const bool grey = std::all_of(table->Colors, table->Colors + count,
                                [](const GifColorType& c) {
                                  return c.Red == c.Green && c.Green == c.Blue;
                                });
  picture_.model = grey ? ColourModel::kGrey : ColourModel::kRgb;
  const std::size_t alpha_at = grey ? 1 : 3;
  for (std::size_t i = 0; i < colours_.size(); ++i) {
    if (i < static_cast<std::size_t>(count)) {
      const GifColorType& c = table->Colors[i];
      colours_[i] = {c.Red, c.Green, c.Blue, 0};
    }
    colours_[i][alpha_at] = 255;
  }
  if (layout_.transparent >= 0)
    colours_[static_cast<std::size_t>(layout_.transparent)] = {};
  return {};
}

ImageResult<void> GifDecoder::Open() {
  if (auto ok = CheckLayout(); !ok) return ok;
  picture_.header = PeekGif(input_.bytes());
  int error = 0;
  gif_.reset(DGifOpen(&input_, ReadGifBytes, &error));
  if (gif_ == nullptr)
    return error == D_GIF_ERR_NOT_ENOUGH_MEM
               ? Refuse(Reason::kMemory, "no memory for giflib")
               : tl::unexpected<ImageError>(Failure());
  if (auto ok = FindPicture(); !ok) return ok;
  if (auto ok = ReadColours(); !ok) return ok;
  picture_.alpha = layout_.transparent >= 0 || !layout_.covered();
  picture_.wide = picture_.alpha;
  return {};
}

ImageResult<RowSource*> GifDecoder::Start(const DecodeHint&) {
  shape_.width = layout_.width;
  shape_.height = layout_.height;
  shape_.model = picture_.model;
  shape_.alpha = picture_.alpha;
  shape_.wide = picture_.wide;
  shape_.plane_count =
      (shape_.model == ColourModel::kGrey ? 1 : 3) + (shape_.alpha ? 1 : 0);
  for (PlaneShape& plane : shape_.planes)
    plane = {shape_.width, shape_.height, static_cast<double>(shape_.width),
             static_cast<double>(shape_.height)};
  line_.resize(layout_.frame_width);
  row_.resize(std::size_t{shape_.width} *
              static_cast<std::size_t>(shape_.plane_count));
  if (layout_.interlaced)
    if (auto ok = ReadInterlaced(); !ok)
      return tl::unexpected<ImageError>(std::move(ok).error());
  return this;
}

ImageResult<void> GifDecoder::ReadLine() {
  if (DGifGetLine(gif_.get(), line_.data(), static_cast<int>(line_.size())) !=
      GIF_ERROR)
    return {};
  return GaveUp();
}

// Reads all rows into raster_. Rows that a damaged file does not fill are
// transparent, or have the colour of index 0 if no index is transparent.
ImageResult<void> GifDecoder::ReadInterlaced() {
  const std::uint8_t nothing =
      static_cast<std::uint8_t>(std::max(layout_.transparent, 0));
  raster_.assign(std::size_t{layout_.frame_width} * layout_.frame_height,
                 nothing);
  for (const Pass& pass : kPasses)
    for (std::uint32_t y = pass.first; y < layout_.frame_height;
         y += pass.step) {
      if (auto ok = ReadLine(); !ok) return ok;
      if (gave_up_) return {};
      std::copy(line_.begin(), line_.end(),
                raster_.begin() + static_cast<std::ptrdiff_t>(
                                      std::size_t{y} * layout_.frame_width));
    }
  return {};
}

ImageResult<const std::uint8_t*> GifDecoder::Indices(std::uint32_t row) {
  if (layout_.interlaced)
    return raster_.data() + std::size_t{row} * layout_.frame_width;
  if (gave_up_) return nullptr;
  if (auto ok = ReadLine(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return gave_up_ ? nullptr : line_.data();
}

void GifDecoder::Paint(const std::uint8_t* indices) {
  const auto channels = static_cast<std::size_t>(shape_.plane_count);
  std::uint8_t* out = &row_[layout_.frame_x * channels];
  for (std::uint32_t x = 0; x < layout_.frame_width; ++x, out += channels)
    std::copy_n(colours_[indices[x]].begin(), channels, out);
}

ImageResult<void> GifDecoder::ReadBand(const Rings& rings) {
  const Splitter split = SplitterFor(shape_.plane_count, false);
  const std::uint32_t first = rings[0]->end();
  const std::uint32_t last = std::min(first + kRowsPerBand, shape_.height);
  for (std::uint32_t y = first; y < last; ++y) {
    std::fill(row_.begin(), row_.end(), std::uint8_t{0});
    if (y >= layout_.frame_y && y - layout_.frame_y < layout_.frame_height) {
      const auto indices = Indices(y - layout_.frame_y);
      if (!indices) return tl::unexpected<ImageError>(indices.error());
      if (*indices != nullptr) Paint(*indices);
    }
    AppendRow(row_.data(), shape_, split, rings);
  }
  return {};
}

ImageResult<void> GifDecoder::Finish() {
  if (gave_up_) return {};
  if (input_.hit_end()) {
    warnings_->Add(Severity::kMinor, "the file ends just after its picture");
  } else if (input_.at_end()) {
    warnings_->Add(Severity::kMinor, "the GIF has no trailer");
  }
  return {};
}

}  // namespace

ImageResult<std::unique_ptr<Decoder>> OpenGif(ByteSpan bytes,
                                              const DecoderOptions& options,
                                              DecodeWarnings* warnings) {
  auto decoder = std::make_unique<GifDecoder>(bytes, options, warnings);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
