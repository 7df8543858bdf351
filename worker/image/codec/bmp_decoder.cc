// Decodes BMPs by our own code, row by row, as Chromium shows them. The headers
// are read by bmp_layout.h, run-length codes by bmp_rle.h.
//
// Alpha counts only where the header has a mask for it, and not if it is 0 in
// every pixel: many files leave that byte empty. A pixel that a run-length code
// skips is transparent.
//
// A warning is damage only if a sample may be wrong or missing:
//
//   the file ends before the last pixel     kTruncated: the rows are empty
//   a run-length code leaves its row        kDamaged: all later rows are
//   missing the end of the run-length codes misses  kMinor: nothing is missing
//   an index beyond the palette             no warning: the pixel is black
//   a size of the file, density, planes     no warning: nobody reads them
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/image/codec/bmp_rle.h"
#include "worker/image/codec/decoders.h"
#include "worker/image/codec/split.h"
#include "worker/image/header/bmp_layout.h"
#include "worker/image/header/numbers.h"

namespace thumbmill {
namespace {

constexpr std::uint32_t kRowsPerBand = 16;

// One channel of a pixel of 16, 24 or 32 bits.
class Channel {
 public:
  // A channel without bits has the sample `absent` everywhere.
  Channel(std::uint32_t mask, std::uint8_t absent) : mask_(mask) {
    samples_[0] = absent;
    if (mask == 0) return;
    shift_ = static_cast<unsigned>(std::countr_zero(mask));
    const auto bits = static_cast<unsigned>(std::popcount(mask));
    if (bits > 8) shift_ += bits - 8;  // keeps the highest bits
    const unsigned most = (1u << std::min(bits, 8u)) - 1;
    for (unsigned v = 0; v <= most; ++v)
      samples_[v] = static_cast<std::uint8_t>((v * 255 + most / 2) / most);
  }
  [[nodiscard]] std::uint8_t Of(std::uint32_t pixel) const {
    return samples_[(pixel & mask_) >> shift_];
  }

 private:
  std::uint32_t mask_;
  unsigned shift_ = 0;
  std::array<std::uint8_t, 256> samples_{};
};

std::uint32_t PixelAt(const std::uint8_t* p, unsigned bytes) {
  std::uint32_t pixel = p[0] | static_cast<std::uint32_t>(p[1]) << 8;
  if (bytes > 2) pixel |= static_cast<std::uint32_t>(p[2]) << 16;
  if (bytes > 3) pixel |= static_cast<std::uint32_t>(p[3]) << 24;
  return pixel;
}

// Returns the space that the header gives by numbers. Windows writes zeros
// where it means none. Three different gammas are none that we know.
RgbSpace SpaceOfEndpoints(ByteSpan endpoints) {
  if (endpoints.empty()) return {};
  const auto point = [&](std::size_t at) {
    constexpr double kOne = 1 << 30;
    return Chromaticity{LittleU32(endpoints, at) / kOne,
                        LittleU32(endpoints, at + 4) / kOne};
  };
  RgbSpace space;
  space.primaries.red = point(0);
  space.primaries.green = point(12);
  space.primaries.blue = point(24);
  const auto shares = SharesOf(space.primaries);
  if (!shares || shares->red <= 0 || shares->green <= 0 || shares->blue <= 0)
    return {};
  const std::uint32_t gamma = LittleU32(endpoints, 36);
  constexpr std::uint32_t kOne = 1 << 16;
  const bool usable = gamma >= kOne / 10 && gamma <= 10 * kOne &&
                      gamma == LittleU32(endpoints, 40) &&
                      gamma == LittleU32(endpoints, 44);
  if (!usable) return {};
  space.curve = {Curve::Kind::kGamma, static_cast<double>(gamma) / kOne};
  return space;
}

class BmpDecoder final : public Decoder, public RowSource {
 public:
  BmpDecoder(ByteSpan bytes, const DecoderOptions& options,
             DecodeWarnings* warnings)
      : layout_(ReadBmpLayout(bytes)), options_(options), warnings_(warnings) {
    picture_.header = PeekBmp(bytes);
  }

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
  [[nodiscard]] ImageResult<void> CheckData();
  [[nodiscard]] ImageResult<void> Missing(Reason reason, const char* text);
  void ReadPalette();
  void ReadMasks();
  [[nodiscard]] bool HasAlpha() const;
  // Returns the stored row, or null if the file ends before its last pixel.
  [[nodiscard]] const std::uint8_t* StoredRow(std::uint32_t row) const;
  // Each puts the samples of a stored row into row_.
  void PaintIndices(std::uint32_t row);
  void PaintPixels(const std::uint8_t* stored);

  const BmpLayout layout_;
  const DecoderOptions options_;
  DecodeWarnings* const warnings_;
  OpenedPicture picture_;
  PictureShape shape_;
  std::optional<BmpRle> rle_;
  // The samples of each index, in the order of the channels. The last ones are
  // those of BmpRle::kSkipped.
  std::array<std::array<std::uint8_t, 4>, 257> colours_{};
  std::vector<Channel>
      channels_;  // red, green, blue, and alpha if there is one
  std::vector<std::uint16_t> indices_;
  std::vector<std::uint8_t> row_;  // one row, interleaved
};

// Call where samples are missing. Returns an error, or success if the picture
// may be shown without them.
ImageResult<void> BmpDecoder::Missing(Reason reason, const char* text) {
  const Severity severity =
      reason == Reason::kTruncated ? Severity::kTruncated : Severity::kDamaged;
  if (!DecodeWarnings::LetsThrough(options_.fail_on, severity))
    return Refuse(reason, text);
  warnings_->Add(severity, text);
  return {};
}

ImageResult<void> BmpDecoder::CheckData() {
  if (layout_.coding != BmpCoding::kRaw) {
    rle_.emplace(layout_);
    if (rle_->lacks_end())
      warnings_->Add(Severity::kMinor, "the codes have no end");
    if (rle_->fault() == Reason::kNone) return {};
    return Missing(rle_->fault(), rle_->fault() == Reason::kTruncated
                                      ? "the file ends early"
                                      : "pixels outside of the picture");
  }
  // The padding of the last row may be missing.
  const std::uint64_t needed =
      layout_.stride() * (layout_.height - 1) + layout_.row_bytes();
  if (needed <= layout_.data.size()) return {};
  return Missing(Reason::kTruncated, "the file ends early");
}

ImageResult<void> BmpDecoder::Open() {
  if (layout_.fault != Reason::kNone)
    return Refuse(layout_.fault, std::string(layout_.fault_text));
  if (std::uint64_t{layout_.width} * layout_.height >
      options_.limits.max_pixels)
    return Refuse(Reason::kTooManyPixels, std::to_string(layout_.width) + "x" +
                                              std::to_string(layout_.height) +
                                              " pixels");
  if (auto ok = CheckData(); !ok) return ok;
  picture_.alpha = HasAlpha();
  picture_.wide = picture_.alpha;
  if (layout_.has_palette()) {
    ReadPalette();
  } else {
    ReadMasks();
  }
  if (layout_.icc.size() <= kMaxProfileBytes)
    picture_.icc.assign(layout_.icc.begin(), layout_.icc.end());
  picture_.space = SpaceOfEndpoints(layout_.endpoints);
  return {};
}

bool BmpDecoder::HasAlpha() const {
  if (rle_) return rle_->skips();
  if (layout_.masks[3] == 0) return false;
  // Alpha that is the same everywhere, none or full, is no alpha.
  const Channel alpha(layout_.masks[3], 255);
  const unsigned bytes = layout_.bits / 8;
  bool none = false, some = false;
  for (std::uint32_t row = 0; row < layout_.height; ++row) {
    const std::uint8_t* p = StoredRow(row);
    if (p == nullptr) break;
    for (std::uint32_t x = 0; x < layout_.width; ++x, p += bytes) {
      const std::uint8_t sample = alpha.Of(PixelAt(p, bytes));
      none |= sample == 0;
      some |= sample != 0;
      if ((none && some) || (sample != 0 && sample != 255)) return true;
    }
  }
  return false;
}

void BmpDecoder::ReadPalette() {
  const ByteSpan palette = layout_.palette;
  const std::size_t count = palette.size() / layout_.colour_bytes;
  bool grey = true;
  for (std::size_t i = 0; i < count; ++i) {
    const ByteSpan c = palette.subspan(i * layout_.colour_bytes, 3);
    grey &= c[0] == c[1] && c[1] == c[2];
    colours_[i] = {c[2], c[1], c[0], 0};
  }
  picture_.model = grey ? ColourModel::kGrey : ColourModel::kRgb;
  const std::size_t alpha_at = grey ? 1 : 3;
  for (std::size_t i = 0; i < BmpRle::kSkipped; ++i)
    colours_[i][alpha_at] = 255;
}

void BmpDecoder::ReadMasks() {
  picture_.model = ColourModel::kRgb;
  for (std::size_t i = 0; i < 3; ++i)
    channels_.emplace_back(layout_.masks[i], std::uint8_t{0});
  if (picture_.alpha)
    channels_.emplace_back(layout_.masks[3], std::uint8_t{255});
}

ImageResult<RowSource*> BmpDecoder::Start(const DecodeHint&) {
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
  row_.resize(std::size_t{shape_.width} *
              static_cast<std::size_t>(shape_.plane_count));
  if (layout_.has_palette()) indices_.resize(shape_.width);
  return this;
}

const std::uint8_t* BmpDecoder::StoredRow(std::uint32_t row) const {
  const std::uint64_t at = layout_.stride() * row;
  const bool there = at <= layout_.data.size() &&
                     layout_.data.size() - at >= layout_.row_bytes();
  return there ? layout_.data.data() + at : nullptr;
}

void BmpDecoder::PaintIndices(std::uint32_t row) {
  if (rle_) {
    rle_->ReadRow(row, indices_.data());
  } else {
    const std::uint8_t* stored = StoredRow(row);
    if (stored == nullptr) return;
    const unsigned bits = layout_.bits, each = 8 / bits,
                   mask = (1u << bits) - 1;
    for (std::uint32_t x = 0; x < shape_.width; ++x) {
      const unsigned shift = 8 - bits * (x % each + 1);
      indices_[x] =
          static_cast<std::uint16_t>(stored[x / each] >> shift & mask);
    }
  }
  const auto channels = static_cast<std::size_t>(shape_.plane_count);
  std::uint8_t* out = row_.data();
  for (std::uint32_t x = 0; x < shape_.width; ++x, out += channels)
    std::copy_n(colours_[indices_[x]].begin(), channels, out);
}

void BmpDecoder::PaintPixels(const std::uint8_t* stored) {
  const unsigned bytes = layout_.bits / 8;
  std::uint8_t* out = row_.data();
  for (std::uint32_t x = 0; x < shape_.width; ++x, stored += bytes) {
    const std::uint32_t pixel = PixelAt(stored, bytes);
    for (const Channel& channel : channels_) *out++ = channel.Of(pixel);
  }
}

ImageResult<void> BmpDecoder::ReadBand(const Rings& rings) {
  const Splitter split = SplitterFor(shape_.plane_count, false);
  const std::uint32_t first = rings[0]->end();
  const std::uint32_t last = std::min(first + kRowsPerBand, shape_.height);
  for (std::uint32_t y = first; y < last; ++y) {
    const std::uint32_t row = layout_.top_down ? y : shape_.height - 1 - y;
    std::fill(row_.begin(), row_.end(), std::uint8_t{0});
    if (layout_.has_palette()) {
      PaintIndices(row);
    } else if (const std::uint8_t* stored = StoredRow(row)) {
      PaintPixels(stored);
    }
    AppendRow(row_.data(), shape_, split, rings);
  }
  return {};
}

ImageResult<void> BmpDecoder::Finish() { return {}; }

}  // namespace

// The places of the rows in run-length codes, a row of indices and a row of
// samples.
DecodeMemory BmpMemory(const ImageHeader& header, const DecodeHint&) {
  DecodeMemory memory;
  const bool alpha = header.components == 4;
  memory.planes = alpha ? 4 : 3;
  memory.sample_bytes = alpha ? 2 : 1;
  memory.width = header.width;
  memory.height = header.height;
  memory.held = memory.height * 16 + memory.width * (4 + 2) + (64 << 10);
  return memory;
}

OpenedDecoder OpenBmp(ByteSpan bytes, const DecoderOptions& options,
                      DecodeWarnings* warnings) {
  auto decoder = std::make_unique<BmpDecoder>(bytes, options, warnings);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
