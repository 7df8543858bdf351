// PNG: libpng reads what stands before the data. If the rest is plain, the
// reader of plain_png.h does it, else the library by its row interface.
// Palettes and small depths are expanded to 8 bits; 16 bits stay 16.
//
// An interlaced picture comes in seven passes, each over its whole height. A
// large one of which small thumbnails are wanted is not held: what comes is
// added up in squares, as halving would do it later (block_sums.h).
//
// libpng jumps out of its functions on an error. Guard() is the one function
// that holds the setjmp; the steps that it runs have no destructors.
#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "worker/image/codec/block_sums.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/codec/plain_png.h"
#include "worker/image/codec/png_colour.h"
#include "worker/image/codec/split.h"
#include "worker/image/exif.h"
#include "worker/image/inspect.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

// Compressed bytes left behind the last row that are still read to its check
// sum. More than that is not a picture but a way to keep us busy.
constexpr std::size_t kMaxTail = 16 << 10;
// What libpng does not need to see: we read eXIf and the colours ourselves.
constexpr char kIgnoredChunks[] =
    "bKGD\0cHRM\0cICP\0eXIf\0gAMA\0hIST\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0"
    "sCAL\0sPLT\0sRGB\0sTER\0tEXt\0tIME\0zTXt";
constexpr int kIgnoredCount = sizeof kIgnoredChunks / 5;

// Interlaced pictures up to this many samples are held.
constexpr std::uint64_t kHeldSamples = 32 << 20;
constexpr int kMaxHalvings = 6;

struct PngState {
  png_structp png;
  png_infop info;
  std::jmp_buf jump;
  ByteSpan bytes;
  std::size_t at;
  Complaints* complaints;
  FailOn fail_on;
  bool hit_end;
  char error[128];
  std::uint8_t* row;  // one row, or of the whole raster
  std::size_t row_bytes;
  std::uint32_t rows;  // of the raster
  int passes;
};

[[noreturn]] void OnError(png_structp png, png_const_charp text) {
  auto& state = *static_cast<PngState*>(png_get_error_ptr(png));
  std::strncpy(state.error, text, sizeof state.error - 1);
  std::longjmp(state.jump, 1);
}

void OnWarning(png_structp png, png_const_charp text) {
  auto& state = *static_cast<PngState*>(png_get_error_ptr(png));
  state.complaints->Add(Severity::kMinor, text);
}

void ReadBytes(png_structp png, png_bytep out, std::size_t size) {
  auto& state = *static_cast<PngState*>(png_get_io_ptr(png));
  if (state.bytes.size() - state.at < size) {
    state.hit_end = true;
    png_error(png, "the file ends early");
  }
  std::memcpy(out, state.bytes.data() + state.at, size);
  state.at += size;
}

// False when the library gave up.
bool Guard(PngState* state, void (*step)(PngState*)) {
  if (setjmp(state->jump) != 0) return false;
  step(state);
  return true;
}

void Create(PngState* state) {
  state->png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, state, OnError, OnWarning);
  if (state->png == nullptr) return;
  state->info = png_create_info_struct(state->png);
  if (state->info == nullptr) return;
  png_set_read_fn(state->png, state, ReadBytes);
  png_set_user_limits(state->png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_set_chunk_malloc_max(state->png, kMaxProfileBytes);
  png_set_benign_errors(state->png, 1);
  png_set_keep_unknown_chunks(state->png, PNG_HANDLE_CHUNK_NEVER,
                              reinterpret_cast<png_const_bytep>(kIgnoredChunks),
                              kIgnoredCount);
  if (Complaints::LetsThrough(state->fail_on, Severity::kDamaged))
    png_set_crc_action(state->png, PNG_CRC_WARN_USE, PNG_CRC_WARN_DISCARD);
}

void ReadInfo(PngState* state) { png_read_info(state->png, state->info); }

void StartPasses(PngState* state) {
  png_set_expand(state->png);
  if constexpr (std::endian::native == std::endian::little)
    if (png_get_bit_depth(state->png, state->info) == 16)
      png_set_swap(state->png);
  png_read_update_info(state->png, state->info);
  state->row_bytes = png_get_rowbytes(state->png, state->info);
}

void StartRows(PngState* state) {
  state->passes = png_set_interlace_handling(state->png);
  StartPasses(state);
}

void ReadRow(PngState* state) { png_read_row(state->png, state->row, nullptr); }

void ReadRaster(PngState* state) {
  for (int pass = 0; pass < state->passes; ++pass)
    for (std::uint32_t y = 0; y < state->rows; ++y)
      png_read_row(state->png, state->row + y * state->row_bytes, nullptr);
}

void ReadEnd(PngState* state) { png_read_end(state->png, nullptr); }

class PngDecoder final : public Decoder, public RowSource {
 public:
  PngDecoder(ByteSpan bytes, const DecoderOptions& options,
             Complaints* complaints)
      : layout_(WalkPng(bytes)), options_(options) {
    state_.bytes = bytes;
    state_.complaints = complaints;
    state_.fail_on = options.fail_on;
  }
  ~PngDecoder() override {
    if (state_.png != nullptr)
      png_destroy_read_struct(&state_.png, &state_.info, nullptr);
  }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  [[nodiscard]] Verdict<void> Open();

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] Verdict<RowSource*> Start(const DecodeHint& hint) override;
  [[nodiscard]] bool HandsOver() override;
  [[nodiscard]] const char* reader() const override {
    return plain_ ? "own" : "libpng";
  }

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return kPngBandRows;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.planes[0].width} * (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] Verdict<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] Verdict<void> Finish() override;

 private:
  [[nodiscard]] Verdict<void> CheckHeader();
  void KeepColours();
  void SetShape();
  void SetSizes(unsigned divisor);
  [[nodiscard]] std::unique_ptr<RowSource> StartPlain();
  [[nodiscard]] Verdict<RowSource*> StartSums(unsigned divisor);
  // A pass after the other into sums_. False: the library gave up.
  [[nodiscard]] bool ReadPasses();
  [[nodiscard]] bool ReadPass(int pass);
  [[nodiscard]] Verdict<void> ReadSums(const Rings& rings);
  [[nodiscard]] Verdict<void> Run(void (*step)(PngState*));
  // After a failed read: an error, or empty if the rest may be missing.
  [[nodiscard]] Verdict<void> GaveUp();
  [[nodiscard]] Refusal Failure() const;

  PngLayout layout_;
  const DecoderOptions options_;
  OpenedPicture picture_;
  PictureShape shape_;
  PngState state_{};
  Splitter split_ = nullptr;
  SampleBuffer raster_;  // one row, or all of them if interlaced
  std::uint32_t next_row_ = 0;
  bool raster_read_ = false;
  std::optional<BlockSums> sums_;  // instead of a raster
  bool gave_up_ = false;
  bool plain_allowed_ = true;
  std::unique_ptr<RowSource> plain_;
};

Refusal PngDecoder::Failure() const {
  const std::string text = state_.error;
  if (state_.hit_end) return {Reason::kTruncated, text};
  if (text.find("emory") != std::string::npos) return {Reason::kMemory, text};
  return {Reason::kCorrupt, text};
}

Verdict<void> PngDecoder::Run(void (*step)(PngState*)) {
  if (!Guard(&state_, step)) return tl::unexpected<Refusal>(Failure());
  return state_.complaints->Judge(state_.fail_on);
}

Verdict<void> PngDecoder::GaveUp() {
  const Refusal failure = Failure();
  const Severity severity =
      state_.hit_end ? Severity::kTruncated : Severity::kDamaged;
  if (failure.reason == Reason::kMemory ||
      !Complaints::LetsThrough(state_.fail_on, severity))
    return tl::unexpected<Refusal>(failure);
  state_.complaints->Add(severity, failure.message);
  gave_up_ = true;
  return {};
}

Verdict<void> PngDecoder::CheckHeader() {
  const auto header = ReadPngHeader(state_.bytes);
  if (!header)
    return state_.bytes.size() < 33
               ? Refuse(Reason::kTruncated, "the file ends in its header")
               : Refuse(Reason::kCorrupt, "no legal PNG header");
  const std::uint64_t pixels = std::uint64_t{header->width} * header->height;
  if (pixels > options_.limits.max_pixels)
    return Refuse(Reason::kTooManyPixels, std::to_string(header->width) + "x" +
                                              std::to_string(header->height) +
                                              " pixels");
  return {};
}

void PngDecoder::KeepColours() {
  const PngColour colour = ReadPngColour(state_.bytes, state_.complaints);
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

Verdict<void> PngDecoder::Open() {
  if (auto ok = CheckHeader(); !ok) return ok;
  picture_.header = *PeekHeader(state_.bytes);
  if (!Guard(&state_, Create)) return tl::unexpected<Refusal>(Failure());
  if (state_.png == nullptr || state_.info == nullptr)
    return Refuse(Reason::kMemory, "no memory for libpng");
  if (auto ok = Run(ReadInfo); !ok) return ok;
  picture_.exif = layout_.exif;
  picture_.exif_orientation = ExifOrientation(layout_.exif);
  KeepColours();
  SetShape();
  picture_.model = shape_.model;
  picture_.wide = shape_.wide;
  return {};
}

// As png_set_expand() will make it: transparency becomes a channel.
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

// The library has read up to the data: its last eight bytes were the head of
// the first IDAT.
std::unique_ptr<RowSource> PngDecoder::StartPlain() {
  const auto header = ReadPngHeader(state_.bytes);
  if (!header || state_.at < 8) return nullptr;
  PlainPng png;
  png.header = *header;
  png.bytes = state_.bytes;
  png.first_data = state_.at - 8;
  png_colorp colours = nullptr;
  int count = 0;
  if (png_get_PLTE(state_.png, state_.info, &colours, &count) != 0)
    png.palette = {&colours->red, static_cast<std::size_t>(3 * count)};
  png_bytep alpha = nullptr;
  if (png_get_tRNS(state_.png, state_.info, &alpha, &count, nullptr) != 0) {
    png.colour_key = alpha == nullptr;
    if (alpha != nullptr)
      png.palette_alpha = {alpha, static_cast<std::size_t>(count)};
  }
  return ReadPlainPng(png, shape_);
}

bool PngDecoder::HandsOver() {
  if (!plain_) return false;
  plain_.reset();
  plain_allowed_ = false;
  return true;
}

Verdict<RowSource*> PngDecoder::StartSums(unsigned divisor) {
  if (auto ok = Run(StartPasses); !ok)
    return tl::unexpected<Refusal>(std::move(ok).error());
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
  if (width == 0) return true;  // then it has no rows either
  const std::uint32_t rows = PNG_PASS_ROWS(shape_.height, pass);
  const auto first = static_cast<std::uint32_t>(PNG_PASS_START_COL(pass));
  const auto step = static_cast<std::uint32_t>(PNG_PASS_COL_OFFSET(pass));
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (!Guard(&state_, ReadRow)) return false;
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

Verdict<void> PngDecoder::ReadSums(const Rings& rings) {
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
  return state_.complaints->Judge(state_.fail_on);
}

Verdict<RowSource*> PngDecoder::Start(const DecodeHint& hint) {
  if (plain_allowed_) plain_ = StartPlain();
  if (plain_) return plain_.get();
  if (const unsigned divisor = PngDivisor(picture_.header, hint); divisor > 1)
    return StartSums(divisor);
  if (auto ok = Run(StartRows); !ok)
    return tl::unexpected<Refusal>(std::move(ok).error());
  split_ = SplitterFor(shape_.plane_count,
                       png_get_bit_depth(state_.png, state_.info) == 16);
  state_.rows = shape_.height;
  const std::size_t rows = picture_.header.interlaced ? shape_.height : 1;
  raster_ = SampleBuffer(rows * state_.row_bytes);
  state_.row = raster_.data();
  // Rows that a damaged file does not fill must not hold another picture.
  std::memset(raster_.data(), 0, raster_.bytes());
  return this;
}

Verdict<void> PngDecoder::ReadBand(const Rings& rings) {
  if (sums_) return ReadSums(rings);
  if (picture_.header.interlaced && !raster_read_) {
    raster_read_ = true;
    if (!Guard(&state_, ReadRaster))
      if (auto ok = GaveUp(); !ok) return ok;
  }
  const std::uint32_t rows = std::min(kPngBandRows, shape_.height - next_row_);
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint8_t* row = raster_.data();
    if (picture_.header.interlaced) {
      row += next_row_ * state_.row_bytes;
    } else if (gave_up_) {
      std::memset(raster_.data(), 0, state_.row_bytes);
    } else if (!Guard(&state_, ReadRow)) {
      if (next_row_ == 0) return tl::unexpected<Refusal>(Failure());
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
  return state_.complaints->Judge(state_.fail_on);
}

Verdict<void> PngDecoder::Finish() {
  if (gave_up_) return {};
  if (!layout_.ends) {
    state_.complaints->Add(Severity::kTruncated, "the end of the PNG misses");
    return state_.complaints->Judge(state_.fail_on);
  }
  if (layout_.data_end > state_.at && layout_.data_end - state_.at > kMaxTail) {
    state_.complaints->Add(Severity::kMinor,
                           "more image data than the picture has rows");
    return state_.complaints->Judge(state_.fail_on);
  }
  if (!Guard(&state_, ReadEnd)) return GaveUp();
  return state_.complaints->Judge(state_.fail_on);
}

}  // namespace

unsigned PngDivisor(const ImageHeader& header, const DecodeHint& hint) {
  // One channel may be a palette, which becomes RGB and alpha.
  const std::uint64_t channels = header.components == 2 ? 2 : 4;
  const std::uint64_t samples =
      std::uint64_t{header.width} * header.height * channels;
  if (!header.interlaced || hint.exact || samples <= kHeldSamples) return 1;
  const double step_x = static_cast<double>(header.width) / hint.width;
  const double step_y = static_cast<double>(header.height) / hint.height;
  const int halvings = PyramidLevel(FilterKind::kLanczos3, step_x, step_y);
  // Sums take four bytes: halved once they would be as much as the raster.
  return halvings < 2 ? 1 : 1u << std::min(halvings, kMaxHalvings);
}

Verdict<std::unique_ptr<Decoder>> OpenPng(ByteSpan bytes,
                                          const DecoderOptions& options,
                                          Complaints* complaints) {
  auto decoder = std::make_unique<PngDecoder>(bytes, options, complaints);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<Refusal>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
