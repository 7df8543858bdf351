// GIF by giflib, row by row: the first picture on its logical screen. Where the
// picture does not reach, the screen is transparent, as browsers have it; what
// lies outside of the screen is cut off. Nothing is held but one row, or, if
// the rows are interlaced, the indices of those that show.
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/image/codec/decoder.h"
#include "worker/image/codec/split.h"
#include "worker/image/gif_layout.h"

namespace thumbmill {
namespace {

constexpr std::uint32_t kRowsPerBand = 16;

struct Input {
  ByteSpan bytes;
  std::size_t at = 0;
  bool hit_end = false;
};

int ReadBytes(GifFileType* gif, GifByteType* out, int size) {
  auto& input = *static_cast<Input*>(gif->UserData);
  const std::size_t wanted = static_cast<std::size_t>(std::max(size, 0));
  const std::size_t given = std::min(wanted, input.bytes.size() - input.at);
  input.hit_end |= given < wanted;
  std::memcpy(out, input.bytes.data() + input.at, given);
  input.at += given;
  return static_cast<int>(given);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using GifFile = std::unique_ptr<GifFileType, CloseGif>;

// The order in which interlaced rows come: every `step`th from `first` on.
struct Pass {
  std::uint32_t first, step;
};
constexpr Pass kPasses[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

class GifDecoder final : public Decoder, public RowSource {
 public:
  GifDecoder(ByteSpan bytes, const DecoderOptions& options,
             Complaints* complaints)
      : layout_(WalkGif(bytes)), options_(options), complaints_(complaints) {
    input_.bytes = bytes;
  }

  [[nodiscard]] Verdict<void> Open();

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] Verdict<RowSource*> Start(const DecodeHint& hint) override;

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return kRowsPerBand;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.width} * (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] Verdict<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] Verdict<void> Finish() override { return {}; }

 private:
  [[nodiscard]] Verdict<void> CheckLayout() const;
  [[nodiscard]] Verdict<void> FindPicture();
  [[nodiscard]] Verdict<void> ReadColours();
  [[nodiscard]] Refusal Failure() const;
  // After a failed read: an error, or empty if the rest may be missing.
  [[nodiscard]] Verdict<void> GaveUp();
  // The next row of the picture into line_.
  [[nodiscard]] Verdict<void> ReadLine();
  [[nodiscard]] Verdict<void> ReadInterlaced();
  // The indices that show of the picture's row; null: there are none.
  [[nodiscard]] Verdict<const std::uint8_t*> Indices(std::uint32_t row);
  void Paint(const std::uint8_t* indices);

  // Of the picture, how much shows on the screen.
  [[nodiscard]] std::uint32_t ShownWidth() const {
    return layout_.frame_x >= layout_.width
               ? 0
               : std::min(layout_.frame_width, layout_.width - layout_.frame_x);
  }
  [[nodiscard]] std::uint32_t ShownHeight() const {
    return layout_.frame_y >= layout_.height
               ? 0
               : std::min(layout_.frame_height,
                          layout_.height - layout_.frame_y);
  }

  GifLayout layout_;
  const DecoderOptions options_;
  Complaints* complaints_;
  Input input_;
  GifFile gif_;
  OpenedPicture picture_;
  PictureShape shape_;
  // Of each index the samples, in the order of the channels.
  std::array<std::array<std::uint8_t, 4>, 256> colours_{};
  std::vector<std::uint8_t> line_;
  std::vector<std::uint8_t> raster_;  // interlaced: the indices that show
  std::vector<std::uint8_t> row_;     // of the screen, interleaved
  bool gave_up_ = false;
};

Refusal GifDecoder::Failure() const {
  if (input_.hit_end) return {Reason::kTruncated, "the file ends early"};
  const int code = gif_ == nullptr ? 0 : gif_->Error;
  if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
    return {Reason::kMemory, "no memory for giflib"};
  const char* text = GifErrorString(code);
  return {Reason::kCorrupt, text == nullptr ? "damaged GIF data" : text};
}

Verdict<void> GifDecoder::GaveUp() {
  const Refusal failure = Failure();
  const Severity severity =
      input_.hit_end ? Severity::kTruncated : Severity::kDamaged;
  if (failure.reason == Reason::kMemory ||
      !Complaints::LetsThrough(options_.fail_on, severity))
    return tl::unexpected<Refusal>(failure);
  complaints_->Add(severity, failure.message);
  gave_up_ = true;
  return {};
}

Verdict<void> GifDecoder::CheckLayout() const {
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
  // A code size and the length of a block, at least.
  if (layout_.data_bytes < 2)
    return Refuse(Reason::kTruncated, "the file ends before its picture");
  if (layout_.width == 0 || layout_.height == 0 || layout_.frame_width == 0 ||
      layout_.frame_height == 0)
    return Refuse(Reason::kCorrupt, "a side of the picture is 0");
  return {};
}

// Extensions are read by the layout's walker; giflib must only pass them.
Verdict<void> GifDecoder::FindPicture() {
  GifRecordType type = UNDEFINED_RECORD_TYPE;
  while (true) {
    if (DGifGetRecordType(gif_.get(), &type) == GIF_ERROR)
      return tl::unexpected<Refusal>(Failure());
    if (type == IMAGE_DESC_RECORD_TYPE) break;
    if (type != EXTENSION_RECORD_TYPE)
      return Refuse(Reason::kCorrupt, "a GIF without a picture");
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif_.get(), &code, &block) == GIF_ERROR)
      return tl::unexpected<Refusal>(Failure());
    while (block != nullptr)
      if (DGifGetExtensionNext(gif_.get(), &block) == GIF_ERROR)
        return tl::unexpected<Refusal>(Failure());
  }
  if (DGifGetImageDesc(gif_.get()) == GIF_ERROR)
    return tl::unexpected<Refusal>(Failure());
  const GifImageDesc& found = gif_->Image;
  if (found.Width != static_cast<int>(layout_.frame_width) ||
      found.Height != static_cast<int>(layout_.frame_height))
    return Refuse(Reason::kCorrupt, "two sizes for one picture");
  return {};
}

// An index beyond the table is black.
Verdict<void> GifDecoder::ReadColours() {
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

Verdict<void> GifDecoder::Open() {
  if (auto ok = CheckLayout(); !ok) return ok;
  picture_.header = *PeekHeader(input_.bytes);
  int error = 0;
  gif_.reset(DGifOpen(&input_, ReadBytes, &error));
  if (gif_ == nullptr)
    return error == D_GIF_ERR_NOT_ENOUGH_MEM
               ? Refuse(Reason::kMemory, "no memory for giflib")
               : tl::unexpected<Refusal>(Failure());
  if (auto ok = FindPicture(); !ok) return ok;
  if (auto ok = ReadColours(); !ok) return ok;
  picture_.alpha = layout_.transparent >= 0 || !layout_.covered();
  picture_.wide = picture_.alpha;
  return {};
}

Verdict<RowSource*> GifDecoder::Start(const DecodeHint&) {
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
      return tl::unexpected<Refusal>(std::move(ok).error());
  return this;
}

Verdict<void> GifDecoder::ReadLine() {
  if (DGifGetLine(gif_.get(), line_.data(), static_cast<int>(line_.size())) !=
      GIF_ERROR)
    return {};
  return GaveUp();
}

// Rows that a damaged file does not fill are transparent where something is,
// else of the first colour.
Verdict<void> GifDecoder::ReadInterlaced() {
  const std::uint8_t nothing =
      static_cast<std::uint8_t>(std::max(layout_.transparent, 0));
  raster_.assign(std::size_t{ShownWidth()} * ShownHeight(), nothing);
  for (const Pass& pass : kPasses)
    for (std::uint32_t y = pass.first; y < layout_.frame_height;
         y += pass.step) {
      if (auto ok = ReadLine(); !ok) return ok;
      if (gave_up_) return {};
      if (y < ShownHeight())
        std::copy_n(line_.begin(), ShownWidth(),
                    raster_.begin() + static_cast<std::ptrdiff_t>(
                                          std::size_t{y} * ShownWidth()));
    }
  return {};
}

Verdict<const std::uint8_t*> GifDecoder::Indices(std::uint32_t row) {
  if (layout_.interlaced)
    return raster_.data() + std::size_t{row} * ShownWidth();
  if (gave_up_) return nullptr;
  if (auto ok = ReadLine(); !ok)
    return tl::unexpected<Refusal>(std::move(ok).error());
  return gave_up_ ? nullptr : line_.data();
}

void GifDecoder::Paint(const std::uint8_t* indices) {
  const auto channels = static_cast<std::size_t>(shape_.plane_count);
  std::uint8_t* out = &row_[layout_.frame_x * channels];
  for (std::uint32_t x = 0; x < ShownWidth(); ++x, out += channels)
    std::copy_n(colours_[indices[x]].begin(), channels, out);
}

Verdict<void> GifDecoder::ReadBand(const Rings& rings) {
  const Splitter split = SplitterFor(shape_.plane_count, false);
  const std::uint32_t first = rings[0]->end();
  const std::uint32_t last = std::min(first + kRowsPerBand, shape_.height);
  for (std::uint32_t y = first; y < last; ++y) {
    std::fill(row_.begin(), row_.end(), std::uint8_t{0});
    if (y >= layout_.frame_y && y - layout_.frame_y < ShownHeight()) {
      const auto indices = Indices(y - layout_.frame_y);
      if (!indices) return tl::unexpected<Refusal>(indices.error());
      if (*indices != nullptr && ShownWidth() > 0) Paint(*indices);
    }
    AppendRow(row_.data(), shape_, split, rings);
  }
  return {};
}

}  // namespace

Verdict<std::unique_ptr<Decoder>> OpenGif(ByteSpan bytes,
                                          const DecoderOptions& options,
                                          Complaints* complaints) {
  auto decoder = std::make_unique<GifDecoder>(bytes, options, complaints);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<Refusal>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
