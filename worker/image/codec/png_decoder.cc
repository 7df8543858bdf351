// Decodes PNG. png_head.h decides which chunks count, and libpng reads those
// before the data. If the rest is plain, the reader of fast_png.h decodes it,
// else libpng by its row interface. Palettes and small depths are expanded to 8
// bits; 16 bits stay 16.
//
// A fault that costs no sample is no damage. libpng does not see the chunks
// after the data, and an error after the last row does not count. If only the
// stream's own check sum or window size is wrong, the rows are read again
// without it.
//
// An interlaced picture comes in seven passes, each over its whole height. A
// large one is not held if the thumbnails are small: its samples are added up
// in squares, as halving would do it later (block_sums.h).
#include <png.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "worker/image/codec/block_sums.h"
#include "worker/image/codec/decoders.h"
#include "worker/image/codec/fast_png.h"
#include "worker/image/codec/png_checks.h"
#include "worker/image/codec/png_colour.h"
#include "worker/image/codec/png_feed.h"
#include "worker/image/codec/png_head.h"
#include "worker/image/codec/png_steps.h"
#include "worker/image/codec/png_stream.h"
#include "worker/image/codec/split.h"
#include "worker/image/header/exif.h"

namespace thumbmill {
namespace {

class PngDecoder final : public Decoder, public RowSource {
 public:
  PngDecoder(ByteSpan bytes, const DecoderOptions& options,
             DecodeWarnings* warnings)
      : bytes_(bytes), options_(options), warnings_(warnings) {}
  ~PngDecoder() override { Close(); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  [[nodiscard]] ImageResult<void> Open();

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] ImageResult<RowSource*> Start(const DecodeHint& hint) override;
  [[nodiscard]] bool CanFallBack() override;
  [[nodiscard]] const char* reader() const override {
    return fast_ ? "own" : "libpng";
  }

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return kPngBandRows;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.planes[0].width} * (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override;

 private:
  // Makes libpng read the chunks before the data.
  [[nodiscard]] ImageResult<void> OpenLibrary();
  void Close() {
    if (state_.png != nullptr)
      png_destroy_read_struct(&state_.png, &state_.info, nullptr);
  }
  void KeepColours();
  void SetShape();
  void SetSizes(unsigned divisor);
  [[nodiscard]] std::unique_ptr<RowSource> StartFast();
  [[nodiscard]] ImageResult<RowSource*> StartSums(unsigned divisor);
  // Reads all passes into sums_. Returns false if the library gave up.
  [[nodiscard]] bool ReadPasses();
  [[nodiscard]] bool ReadPass(int pass);
  [[nodiscard]] ImageResult<void> ReadSums(const Rings& rings);
  // Starts again from the first row. Does nothing at the first call.
  [[nodiscard]] ImageResult<void> Rewind();
  [[nodiscard]] ImageResult<void> Run(void (*step)(PngState*));
  // Runs a step that reads rows. Returns true if it ended well, or failed only
  // after the last row.
  [[nodiscard]] bool MakeRows(void (*step)(PngState*));
  // Call after a failed read. Returns true if another one with fewer checks may
  // do better.
  [[nodiscard]] bool MayReadAgain();
  // Call after a failed read. Returns an error, or success if the rest of the
  // picture may be missing.
  [[nodiscard]] ImageResult<void> GaveUp();
  [[nodiscard]] ImageError Failure() const;

  const ByteSpan bytes_;
  const DecoderOptions options_;
  DecodeWarnings* const warnings_;
  PngHead head_;
  OpenedPicture picture_;
  PictureShape shape_;
  std::optional<PngFeed> feed_;
  PngState state_{};
  bool started_ = false;      // the library was started once
  bool reads_again_ = false;  // set by MayReadAgain()
  Splitter split_ = nullptr;
  SampleBuffer raster_;  // one row, or all rows if interlaced
  std::uint32_t next_row_ = 0;
  bool raster_read_ = false;
  std::optional<BlockSums> sums_;  // used instead of a raster of all rows
  bool gave_up_ = false;
  bool fast_allowed_ = true;
  std::unique_ptr<RowSource> fast_;
};

ImageError PngDecoder::Failure() const {
  const std::string text = state_.error;
  if (state_.hit_end) return {Reason::kTruncated, text};
  if (text.find("emory") != std::string::npos) return {Reason::kMemory, text};
  return {Reason::kCorrupt, text};
}

ImageResult<void> PngDecoder::Run(void (*step)(PngState*)) {
  if (!Guard(&state_, step)) return tl::unexpected<ImageError>(Failure());
  return warnings_->Judge(options_.fail_on);
}

bool PngDecoder::MakeRows(void (*step)(PngState*)) {
  if (Guard(&state_, step)) return true;
  if (state_.rows_made < state_.rows_there || feed_->split()) return false;
  warnings_->Add(Severity::kMinor, state_.error);
  return true;
}

bool PngDecoder::MayReadAgain() {
  const std::string_view error = state_.error;
  const auto is = [&](std::string_view what) {
    return error.find(what) != error.npos;
  };
  // Some encoders name too small a window in the head of the stream, or write a
  // wrong check sum. The samples may be right all the same: they are read again
  // without that check. A wrong sum is left alone where other faults make the
  // samples doubtful.
  const std::size_t window = PngStream::Window(bytes_, head_.first_data);
  constexpr std::size_t kWholeWindow = 32 << 10;
  if (is(kFarDistance) && !state_.whole_window && window < kWholeWindow) {
    state_.whole_window = reads_again_ = true;
    warnings_->Add(Severity::kMinor,
                   "IDAT: a larger window than its head says");
  } else if (is(kWrongSum) && !state_.unchecked && !feed_->split() &&
             !feed_->damaged()) {
    state_.unchecked = reads_again_ = true;
    warnings_->Add(Severity::kMinor, state_.error);
  }
  return reads_again_;
}

ImageResult<void> PngDecoder::GaveUp() {
  if (MayReadAgain()) return tl::unexpected<ImageError>(Failure());
  const ImageError failure = Failure();
  const Severity severity =
      state_.hit_end ? Severity::kTruncated : Severity::kDamaged;
  if (failure.reason == Reason::kMemory ||
      !DecodeWarnings::LetsThrough(options_.fail_on, severity))
    return tl::unexpected<ImageError>(failure);
  warnings_->Add(severity, failure.message);
  gave_up_ = true;
  return {};
}

void PngDecoder::KeepColours() {
  const PngColour colour = ReadPngColour(head_, warnings_);
  picture_.space = colour.space;
  if (colour.before_icc) return;
  png_charp name = nullptr;
  png_bytep profile = nullptr;
  png_uint_32 size = 0;
  int method = 0;
  if (png_get_iCCP(state_.png, state_.info, &name, &method, &profile, &size) ==
      PNG_INFO_iCCP)
    picture_.icc.assign(profile, profile + size);
}

ImageResult<void> PngDecoder::OpenLibrary() {
  Close();
  feed_.emplace(bytes_, head_, warnings_);
  state_.feed = &*feed_;
  state_.warnings = warnings_;
  state_.hit_end = false;
  state_.rows_made = 0;
  state_.rows_there = RowsOf(head_.header);
  if (!Guard(&state_, Create)) return tl::unexpected<ImageError>(Failure());
  if (state_.png == nullptr || state_.info == nullptr)
    return Refuse(Reason::kMemory, "no memory for libpng");
  return Run(ReadInfo);
}

ImageResult<void> PngDecoder::Open() {
  if (auto ok = CheckPngHeader(bytes_, options_.limits.max_pixels); !ok)
    return ok;
  auto head = ReadPngHead(bytes_, options_.fail_on, warnings_);
  if (!head) return tl::unexpected<ImageError>(std::move(head).error());
  head_ = *head;
  picture_.header = PeekPng(bytes_);
  if (auto ok = OpenLibrary(); !ok) return ok;
  picture_.exif = FindPngExif(bytes_, head_);
  picture_.exif_orientation = ExifOrientation(picture_.exif);
  KeepColours();
  SetShape();
  picture_.model = shape_.model;
  picture_.alpha = shape_.alpha;
  picture_.wide = shape_.wide;
  return {};
}

// Sets the shape that png_set_expand() will produce: transparency becomes a
// channel.
void PngDecoder::SetShape() {
  const int type = png_get_color_type(state_.png, state_.info);
  const bool coloured = (type & PNG_COLOR_MASK_COLOR) != 0;
  shape_.width = picture_.header.width;
  shape_.height = picture_.header.height;
  shape_.model = coloured ? ColourModel::kRgb : ColourModel::kGrey;
  shape_.alpha = (type & PNG_COLOR_MASK_ALPHA) != 0 ||
                 png_get_valid(state_.png, state_.info, PNG_INFO_tRNS) != 0;
  shape_.wide = shape_.alpha || picture_.header.bits == 16;
  shape_.plane_count = (coloured ? 3 : 1) + (shape_.alpha ? 1 : 0);
  SetSizes(1);
}

void PngDecoder::SetSizes(unsigned divisor) {
  PlaneShape plane;
  plane.width = (shape_.width + divisor - 1) / divisor;
  plane.height = (shape_.height + divisor - 1) / divisor;
  plane.extent_x = static_cast<double>(shape_.width) / divisor;
  plane.extent_y = static_cast<double>(shape_.height) / divisor;
  std::fill_n(shape_.planes.begin(), shape_.plane_count, plane);
}

std::unique_ptr<RowSource> PngDecoder::StartFast() {
  FastPngInput png;
  png.header = head_.header;
  png.bytes = bytes_;
  png.first_data = head_.first_data;
  if (head_.palette) png.palette = *head_.palette;
  const bool indexed = head_.palette.has_value();
  if (indexed && head_.transparency) png.palette_alpha = *head_.transparency;
  png.colour_key = !indexed && head_.transparency;
  return ReadFastPng(png, shape_);
}

bool PngDecoder::CanFallBack() {
  if (fast_) {
    fast_.reset();
    fast_allowed_ = false;
    return true;
  }
  return std::exchange(reads_again_, false);
}

ImageResult<RowSource*> PngDecoder::StartSums(unsigned divisor) {
  if (auto ok = Run(StartPasses); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  split_ = SplitterFor(shape_.plane_count,
                       png_get_bit_depth(state_.png, state_.info) == 16);
  SetSizes(divisor);
  sums_.emplace(shape_, divisor);
  raster_ = SampleBuffer(state_.row_bytes);
  state_.row = raster_.data();
  return this;
}

bool PngDecoder::ReadPass(int pass) {
  const std::uint32_t width = PNG_PASS_COLS(shape_.width, pass);
  if (width == 0) return true;  // a pass without columns has no rows either
  const std::uint32_t rows = PNG_PASS_ROWS(shape_.height, pass);
  const auto first = static_cast<std::uint32_t>(PNG_PASS_START_COL(pass));
  const auto step = static_cast<std::uint32_t>(PNG_PASS_COL_OFFSET(pass));
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (!MakeRows(ReadRow)) return false;
    split_(raster_.data(), width, sums_->row());
    sums_->Add(width, first, step,
               static_cast<std::uint32_t>(PNG_ROW_FROM_PASS_ROW(i, pass)));
  }
  return true;
}

bool PngDecoder::ReadPasses() {
  for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass)
    if (!ReadPass(pass)) return false;
  return true;
}

ImageResult<void> PngDecoder::ReadSums(const Rings& rings) {
  if (!raster_read_) {
    raster_read_ = true;
    if (!ReadPasses())
      if (auto ok = GaveUp(); !ok) return ok;
  }
  const std::uint32_t rows =
      std::min(kPngBandRows, shape_.planes[0].height - next_row_);
  for (std::uint32_t i = 0; i < rows; ++i, ++next_row_)
    for (int p = 0; p < shape_.plane_count; ++p) {
      RowRing& ring = *rings[static_cast<std::size_t>(p)];
      sums_->Mean(p, next_row_, ring.Row(ring.end()));
      ring.Append(1);
    }
  return warnings_->Judge(options_.fail_on);
}

ImageResult<void> PngDecoder::Rewind() {
  if (!std::exchange(started_, true)) return {};
  next_row_ = 0;
  raster_read_ = gave_up_ = false;
  sums_.reset();
  SetSizes(1);
  return OpenLibrary();
}

ImageResult<RowSource*> PngDecoder::Start(const DecodeHint& hint) {
  if (fast_allowed_) fast_ = StartFast();
  if (fast_) return fast_.get();
  if (auto ok = Rewind(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  if (const unsigned divisor = PngDivisor(picture_.header, hint); divisor > 1)
    return StartSums(divisor);
  if (auto ok = Run(StartRows); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  split_ = SplitterFor(shape_.plane_count,
                       png_get_bit_depth(state_.png, state_.info) == 16);
  state_.rows = shape_.height;
  const std::size_t rows = picture_.header.interlaced ? shape_.height : 1;
  raster_ = SampleBuffer(rows * state_.row_bytes);
  state_.row = raster_.data();
  // A damaged file may leave rows unwritten. They must not show bytes of
  // another picture.
  std::memset(raster_.data(), 0, raster_.bytes());
  return this;
}

ImageResult<void> PngDecoder::ReadBand(const Rings& rings) {
  if (sums_) return ReadSums(rings);
  if (picture_.header.interlaced && !raster_read_) {
    raster_read_ = true;
    if (!MakeRows(ReadRaster))
      if (auto ok = GaveUp(); !ok) return ok;
  }
  const std::uint32_t rows = std::min(kPngBandRows, shape_.height - next_row_);
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint8_t* row = raster_.data();
    if (picture_.header.interlaced) {
      row += next_row_ * state_.row_bytes;
    } else if (gave_up_) {
      std::memset(raster_.data(), 0, state_.row_bytes);
    } else if (!MakeRows(ReadRow)) {
      if (next_row_ == 0 && !MayReadAgain())
        return tl::unexpected<ImageError>(Failure());
      if (auto ok = GaveUp(); !ok) return ok;
      std::memset(raster_.data(), 0, state_.row_bytes);
    }
    RowPointers out{};
    for (int p = 0; p < shape_.plane_count; ++p) {
      RowRing& ring = *rings[static_cast<std::size_t>(p)];
      out[static_cast<std::size_t>(p)] = ring.Row(ring.end());
    }
    split_(row, shape_.width, out);
    for (int p = 0; p < shape_.plane_count; ++p)
      rings[static_cast<std::size_t>(p)]->Append(1);
    ++next_row_;
  }
  return warnings_->Judge(options_.fail_on);
}

ImageResult<void> PngDecoder::Finish() {
  if (gave_up_) return {};
  CheckPngTail(bytes_, feed_->next_chunk_at(), feed_->unread(), warnings_);
  return warnings_->Judge(options_.fail_on);
}

}  // namespace

ImageResult<std::unique_ptr<Decoder>> OpenPng(ByteSpan bytes,
                                              const DecoderOptions& options,
                                              DecodeWarnings* warnings) {
  auto decoder = std::make_unique<PngDecoder>(bytes, options, warnings);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
