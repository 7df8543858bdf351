#include "worker/image/codec/fast_png.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "worker/image/codec/png_stream.h"
#include "worker/image/resample/row_kernels.h"

namespace thumbmill {
namespace {

// ISA-L counts the inflated bytes in 32 bits.
constexpr std::uint64_t kMaxRaster = (std::uint64_t{1} << 32) - (1 << 20);

ImageResult<void> GiveUp() {
  return Refuse(Reason::kCorrupt, "not a plain PNG");
}

std::size_t BitsPerPixel(const PngHeader& header) {
  return std::size_t{header.channels()} * header.bits;
}

std::uint64_t RowBytesOf(const PngHeader& header) {
  return (std::uint64_t{header.width} * BitsPerPixel(header) + 7) / 8;
}

bool IsPalette(const PngHeader& header) { return header.colour_type == 3; }

bool IsPlain(const FastPngInput& png) {
  const PngHeader& header = png.header;
  if (header.interlaced || png.colour_key) return false;
  if (std::endian::native != std::endian::little && header.bits == 16)
    return false;
  if (IsPalette(header) && png.palette.empty()) return false;
  const std::uint64_t raster = (RowBytesOf(header) + 1) * header.height;
  const std::size_t window = PngStream::Window(png.bytes, png.first_data);
  constexpr std::size_t kWholeWindow = 32 << 10;
  // ISA-L does not refuse a match that reaches beyond a smaller window; zlib
  // does.
  return raster < kMaxRaster && (window == kWholeWindow || window >= raster);
}

// Returns the palette's colours as one row of RGB or RGBA pixels, from which a
// splitter can make planes. tRNS may have fewer entries; the others are opaque.
std::vector<std::uint8_t> PaletteColours(const FastPngInput& png) {
  const std::size_t count = std::min<std::size_t>(png.palette.size() / 3, 256);
  std::vector<std::uint8_t> row;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* rgb = png.palette.data() + 3 * i;
    row.insert(row.end(), rgb, rgb + 3);
    if (png.palette_alpha.empty()) continue;
    row.push_back(i < png.palette_alpha.size() ? png.palette_alpha[i] : 255);
  }
  return row;
}

// Returns the grey for each value of `bits` bits, as one row of pixels.
std::vector<std::uint8_t> GreySteps(unsigned bits) {
  const unsigned most = (1u << bits) - 1;
  std::vector<std::uint8_t> row;
  for (unsigned i = 0; i <= most; ++i)
    row.push_back(static_cast<std::uint8_t>(i * 255 / most));
  return row;
}

// Gives each sample of less than 8 bits a byte of its own. The first sample of
// a byte is in its highest bits.
void Unpack(const std::uint8_t* row, unsigned bits, std::uint32_t width,
            std::uint8_t* out) {
  const unsigned in_byte = 8 / bits, mask = (1u << bits) - 1;
  for (std::uint32_t x = 0; x < width; ++x) {
    const unsigned shift = 8 - bits * (x % in_byte + 1);
    out[x] = static_cast<std::uint8_t>(row[x / in_byte] >> shift & mask);
  }
}

// PNG stores 16-bit samples with the high byte first; kernels want the order of
// the machine, which is little-endian here: see IsPlain().
void SwapBytes(const std::uint8_t* row, std::size_t samples,
               std::uint8_t* out) {
  for (std::size_t i = 0; i < samples; ++i) {
    out[2 * i] = row[2 * i + 1];
    out[2 * i + 1] = row[2 * i];
  }
}

// Holds the sample of each plane for each index.
class IndexTable {
 public:
  IndexTable() = default;
  IndexTable(const std::vector<std::uint8_t>& row, int channels)
      : size_(row.size() / static_cast<std::size_t>(channels)),
        wide_(channels % 2 == 0) {
    RowPointers planes{};
    for (int c = 0; c < channels; ++c)
      planes[static_cast<std::size_t>(c)] =
          reinterpret_cast<std::uint8_t*>(samples_[c].data());
    const auto channel = static_cast<std::size_t>(channels);
    ReferenceRowKernels().split8[channel](
        row.data(), static_cast<std::uint32_t>(size_), planes);
  }

  // Returns true if the table has an entry for each of the indices.
  [[nodiscard]] bool Holds(const std::uint8_t* indices,
                           std::uint32_t width) const {
    std::uint8_t most = 0;
    for (std::uint32_t x = 0; x < width; ++x) most = std::max(most, indices[x]);
    return most < size_;
  }
  void LookUp(const std::uint8_t* indices, std::uint32_t width, int plane,
              std::uint8_t* out) const {
    const auto& table = samples_[static_cast<std::size_t>(plane)];
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(table.data());
    auto* words = reinterpret_cast<std::int16_t*>(out);
    if (wide_)
      for (std::uint32_t x = 0; x < width; ++x) words[x] = table[indices[x]];
    else
      for (std::uint32_t x = 0; x < width; ++x) out[x] = bytes[indices[x]];
  }

 private:
  std::size_t size_ = 0;
  // The splitter gives 16-bit samples if there is alpha (row_kernels.h), else
  // bytes in the same memory.
  bool wide_ = false;
  std::array<std::array<std::int16_t, 256>, kMaxPlanes> samples_{};
};

class FastPng final : public RowSource {
 public:
  FastPng(const FastPngInput& png, const PictureShape& shape)
      : header_(png.header),
        shape_(shape),
        row_bytes_(static_cast<std::size_t>(RowBytesOf(png.header))),
        indexed_(IsPalette(png.header) || png.header.bits < 8),
        stream_(png.bytes, png.first_data, row_bytes_ + 1),
        above_(row_bytes_),
        row_(row_bytes_),
        converted_(NeedsConversion() ? ConvertedBytes() : 0) {
    // The filter of the first row takes the row above it as 0.
    std::memset(row_.data(), 0, row_.bytes());
    if (indexed_)
      indices_ = IndexTable(
          IsPalette(header_) ? PaletteColours(png) : GreySteps(header_.bits),
          shape.plane_count);
  }

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return kPngBandRows;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.width} * (shape_.wide ? 2 : 1);
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override {
    return stream_.EndsHere() ? ImageResult<void>() : GiveUp();
  }

 private:
  [[nodiscard]] bool NeedsConversion() const { return header_.bits != 8; }
  [[nodiscard]] std::size_t ConvertedBytes() const {
    return std::max<std::size_t>(row_bytes_, header_.width);
  }
  [[nodiscard]] bool UndoFilter();
  [[nodiscard]] bool ToPlanes(const RowPointers& out);

  const PngHeader header_;
  const PictureShape shape_;
  const std::size_t row_bytes_;
  const bool indexed_;
  const RowKernels& kernels_ = SimdRowKernels();
  PngStream stream_;
  SampleBuffer above_, row_;  // the last two rows, with their filters undone
  SampleBuffer converted_;    // row_ in whole bytes, in the machine's order
  IndexTable indices_;
  std::uint32_t next_row_ = 0;
};

// Reads the next row into row_; the row before it becomes above_.
bool FastPng::UndoFilter() {
  const std::uint8_t* filtered = stream_.Take(row_bytes_ + 1);
  if (filtered == nullptr || filtered[0] >= kPngFilters) return false;
  // Filters treat pixels of less than a byte as bytes.
  const std::size_t pixel = std::max<std::size_t>(BitsPerPixel(header_) / 8, 1);
  std::swap(above_, row_);
  kernels_.unfilter[filtered[0]][pixel](filtered + 1, above_.data(), row_bytes_,
                                        row_.data());
  return true;
}

bool FastPng::ToPlanes(const RowPointers& out) {
  const std::uint8_t* row = row_.data();
  if (header_.bits < 8)
    Unpack(row, header_.bits, header_.width, converted_.data());
  if (header_.bits == 16) SwapBytes(row, row_bytes_ / 2, converted_.data());
  if (NeedsConversion()) row = converted_.data();
  if (!indexed_) {
    const auto channels = static_cast<std::size_t>(shape_.plane_count);
    const auto& split = header_.bits == 16 ? kernels_.split16 : kernels_.split8;
    split[channels](row, header_.width, out);
    return true;
  }
  if (!indices_.Holds(row, header_.width)) return false;
  for (int p = 0; p < shape_.plane_count; ++p)
    indices_.LookUp(row, header_.width, p, out[static_cast<std::size_t>(p)]);
  return true;
}

ImageResult<void> FastPng::ReadBand(const Rings& rings) {
  const auto planes = static_cast<std::size_t>(shape_.plane_count);
  const std::uint32_t rows = std::min(kPngBandRows, shape_.height - next_row_);
  for (std::uint32_t i = 0; i < rows; ++i) {
    RowPointers out{};
    for (std::size_t p = 0; p < planes; ++p)
      out[p] = rings[p]->Row(rings[p]->end());
    if (!UndoFilter() || !ToPlanes(out)) return GiveUp();
    for (std::size_t p = 0; p < planes; ++p) rings[p]->Append(1);
    ++next_row_;
  }
  return {};
}

}  // namespace

std::unique_ptr<RowSource> ReadFastPng(const FastPngInput& png,
                                       const PictureShape& shape) {
  if (!IsPlain(png)) return nullptr;
  return std::make_unique<FastPng>(png, shape);
}

}  // namespace thumbmill
