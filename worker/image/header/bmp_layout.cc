#include "worker/image/header/bmp_layout.h"

#include <algorithm>
#include <bit>

#include "worker/image/header/numbers.h"

namespace thumbmill {
namespace {

constexpr std::size_t kFileHeader = 14;
// The sizes of the headers tell them apart.
constexpr std::uint32_t kOs2Header = 12, kInfoHeader = 40, kMaskHeader = 52,
                        kAlphaHeader = 56, kV4Header = 108, kV5Header = 124;
constexpr std::uint32_t kMaxSide = 0x7FFFFFFF;
constexpr std::uint32_t kMaxCodedRows = 65535;

// Values of the field "compression".
enum Compression : std::uint32_t {
  kRgb,
  kRle8,
  kRle4,
  kBitFields,
  kJpegInside,
  kPngInside,
  kAlphaBitFields,
};

// Reads the fields of the header behind the file header, and then the parts
// that lie between the header and the data. Each step returns false after it
// has set the fault.
class BmpReader {
 public:
  explicit BmpReader(ByteSpan bytes) : bytes_(bytes) {}

  [[nodiscard]] BmpLayout Read() {
    const bool read = ReadHeaderSize() && ReadSize() && ReadCoding() &&
                      CheckBits() && FindMasks() && FindPalette();
    if (!read) return layout_;
    FindColourSpace();
    FindData();
    return layout_;
  }

 private:
  [[nodiscard]] bool ReadHeaderSize();
  [[nodiscard]] bool ReadSize();
  [[nodiscard]] bool ReadCoding();
  [[nodiscard]] bool CheckBits();
  [[nodiscard]] bool FindMasks();
  [[nodiscard]] bool CheckMasks();
  [[nodiscard]] bool FindPalette();
  void FindColourSpace();
  void FindData();

  [[nodiscard]] bool Fail(Reason reason, std::string_view text) {
    layout_.fault = reason;
    layout_.fault_text = text;
    return false;
  }
  [[nodiscard]] bool FailCut() {
    return Fail(Reason::kTruncated, "the file ends in its header");
  }
  // Reads a field of the header. Returns 0 if the header is too short for it.
  [[nodiscard]] std::uint32_t Field(std::size_t at) const {
    return at + 4 <= size_ ? LittleU32(bytes_, kFileHeader + at) : 0;
  }
  // Returns true if the header is one of Windows with at least `size` bytes.
  [[nodiscard]] bool IsWindows(std::uint32_t size) const {
    return windows_ && size_ >= size;
  }
  // Returns the offset after the header.
  [[nodiscard]] std::size_t HeaderEnd() const { return kFileHeader + size_; }

  const ByteSpan bytes_;
  BmpLayout layout_;
  std::uint32_t size_ = 0;         // of the header
  bool windows_ = false;           // the header is not one of OS/2
  std::uint32_t data_at_ = 0;      // offset of the data; 0: after the palette
  std::uint32_t compression_ = 0;  // a Compression, or another number
  std::size_t next_ = 0;           // offset after the parts found so far
};

bool BmpReader::ReadHeaderSize() {
  if (bytes_.size() < kFileHeader + 4) return FailCut();
  data_at_ = LittleU32(bytes_, 10);
  const std::uint32_t size = LittleU32(bytes_, kFileHeader);
  windows_ = size == kInfoHeader || size == kMaskHeader ||
             size == kAlphaHeader || size == kV4Header || size == kV5Header;
  const bool os2 =
      size == kOs2Header ||
      (size >= 16 && size <= 64 && (size % 4 == 0 || size == 42 || size == 46));
  if (!windows_ && !os2)
    return Fail(Reason::kUnsupported, "a BMP with an unknown header");
  if (bytes_.size() < kFileHeader + size) return FailCut();
  size_ = size;
  next_ = HeaderEnd();
  if (data_at_ != 0 && data_at_ < next_)
    return Fail(Reason::kCorrupt, "the pixels lie in the header");
  return true;
}

bool BmpReader::ReadSize() {
  if (size_ == kOs2Header) {
    layout_.width = LittleU16(bytes_, kFileHeader + 4);
    layout_.height = LittleU16(bytes_, kFileHeader + 6);
    layout_.bits = LittleU16(bytes_, kFileHeader + 10);
    layout_.colour_bytes = 3;
  } else {
    layout_.width = Field(4);
    layout_.height = Field(8);
    layout_.bits = LittleU16(bytes_, kFileHeader + 14);
    // A negative height means that the top row comes first.
    layout_.top_down = layout_.height > kMaxSide;
    if (layout_.top_down) layout_.height = 0 - layout_.height;
  }
  if (layout_.width != 0 && layout_.width <= kMaxSide && layout_.height != 0 &&
      layout_.height <= kMaxSide)
    return true;
  layout_.width = layout_.height = 0;
  return Fail(Reason::kCorrupt, "a side of the picture is 0 or negative");
}

bool BmpReader::ReadCoding() {
  compression_ = Field(16);
  // OS/2 gives two numbers another meaning, with depths that tell it.
  const bool huffman = compression_ == kBitFields && layout_.bits == 1;
  const bool rle24 = compression_ == kJpegInside && layout_.bits == 24;
  if (huffman || rle24)
    return Fail(Reason::kUnsupported, "a BMP with a code of OS/2");
  switch (compression_) {
    case kRgb:
    case kBitFields:
    case kAlphaBitFields:
      return true;
    // Some writers give the depth of the palette instead of the code's.
    case kRle8:
      layout_.coding = BmpCoding::kRle8;
      if (layout_.bits > 8) break;
      layout_.bits = 8;
      return true;
    case kRle4:
      layout_.coding = BmpCoding::kRle4;
      if (layout_.bits > 4) break;
      layout_.bits = 4;
      return true;
    case kJpegInside:
    case kPngInside:
      return Fail(Reason::kUnsupported, "a BMP around a JPEG or PNG");
    default:
      return Fail(Reason::kUnsupported, "a BMP with an unknown code");
  }
  return Fail(Reason::kCorrupt, "a run-length code for too many bits");
}

bool BmpReader::CheckBits() {
  const unsigned bits = layout_.bits;
  if (bits == 64) return Fail(Reason::kUnsupported, "a BMP of 64 bits a pixel");
  const bool usual = bits == 1 || bits == 4 || bits == 8 || bits == 24;
  const bool windows = windows_ && (bits == 2 || bits == 16 || bits == 32);
  if (!usual && !windows) return Fail(Reason::kCorrupt, "an odd depth");
  const bool masks =
      compression_ == kBitFields || compression_ == kAlphaBitFields;
  if (masks && bits != 16 && bits != 32)
    return Fail(Reason::kCorrupt, "masks for a depth that has none");
  if (layout_.top_down && !windows_)
    return Fail(Reason::kCorrupt, "a negative height");
  // The decoder notes the place of each row in the codes, and a few bytes can
  // claim any number of rows.
  if (layout_.coding != BmpCoding::kRaw && layout_.height > kMaxCodedRows)
    return Fail(Reason::kUnsupported, "a run-length code of so many rows");
  return true;
}

// Finds the bits of each channel. An alpha mask counts wherever the header has
// one, whatever the compression says; without one, alpha is ignored. The fourth
// byte of common files holds anything.
bool BmpReader::FindMasks() {
  auto& masks = layout_.masks;
  if (layout_.has_palette()) return true;
  if (IsWindows(kAlphaHeader)) masks[3] = Field(52);
  if (compression_ == kRgb) {
    const bool high = layout_.bits == 16;
    masks[0] = high ? 0x7C00 : 0xFF0000;
    masks[1] = high ? 0x03E0 : 0x00FF00;
    masks[2] = high ? 0x001F : 0x0000FF;
    return CheckMasks();
  }
  // In the header, or behind it.
  const bool behind = !IsWindows(kMaskHeader);
  const std::size_t count = behind && compression_ == kAlphaBitFields ? 4 : 3;
  const std::size_t at = behind ? HeaderEnd() : kFileHeader + kInfoHeader;
  if (behind) next_ = at + 4 * count;
  if (bytes_.size() < next_) return FailCut();
  for (std::size_t i = 0; i < count; ++i)
    masks[i] = LittleU32(bytes_, at + 4 * i);
  if (data_at_ != 0 && data_at_ < next_)
    return Fail(Reason::kCorrupt, "the pixels lie in the masks");
  return CheckMasks();
}

bool BmpReader::CheckMasks() {
  // Some writers set a mask for alpha in bits that a pixel does not have.
  const std::uint32_t all =
      layout_.bits == 32 ? UINT32_MAX : (1u << layout_.bits) - 1;
  std::uint32_t used = 0;
  for (std::uint32_t& mask : layout_.masks) {
    mask &= all;
    if ((mask & used) != 0)
      return Fail(Reason::kCorrupt, "masks that share bits");
    used |= mask;
    if (mask == 0) continue;
    // One run of ones leaves a power of two, or 0, when 1 is added to it.
    const std::uint32_t run = mask >> std::countr_zero(mask);
    if ((run & (run + 1)) != 0)
      return Fail(Reason::kCorrupt, "a mask with a gap");
  }
  return true;
}

bool BmpReader::FindPalette() {
  if (!layout_.has_palette()) return true;
  const std::uint32_t most = 1u << layout_.bits;
  const std::uint32_t said = Field(32);
  layout_.colours = said == 0 || said > most ? most : said;
  std::size_t size = layout_.colours * layout_.colour_bytes;
  // Some files have fewer colours than they say: the data come before the rest.
  if (data_at_ != 0) size = std::min<std::size_t>(size, data_at_ - next_);
  if (bytes_.size() - next_ < size) return FailCut();
  layout_.palette = bytes_.subspan(next_, size);
  next_ += size;
  return true;
}

void BmpReader::FindColourSpace() {
  constexpr std::uint32_t kCalibrated = 0, kEmbedded = 0x4D424544;  // "MBED"
  if (!IsWindows(kV4Header)) return;
  const std::uint32_t kind = Field(56);
  if (kind == kCalibrated)
    layout_.endpoints = bytes_.subspan(kFileHeader + 60, 48);
  if (kind != kEmbedded || !IsWindows(kV5Header)) return;
  const std::uint64_t at = kFileHeader + std::uint64_t{Field(112)};
  const std::uint64_t size = Field(116);
  if (at <= bytes_.size() && bytes_.size() - at >= size)
    layout_.icc = bytes_.subspan(at, size);
}

void BmpReader::FindData() {
  const std::size_t at = data_at_ != 0 ? data_at_ : next_;
  layout_.data = bytes_.subspan(std::min(at, bytes_.size()));
}

}  // namespace

BmpLayout ReadBmpLayout(ByteSpan bytes) { return BmpReader(bytes).Read(); }

// All headers have fewer than 256 bytes. The three zeros after the first byte
// of that number keep out texts that begin with these letters.
std::optional<Sniffed> SniffBmp(ByteSpan bytes) {
  if (!StartsWith(bytes, "BM") || bytes.size() < kFileHeader + 4 ||
      LittleU32(bytes, kFileHeader) > UINT8_MAX)
    return std::nullopt;
  return WorthOpening(ImageFormat::kBmp);
}

// Counts an alpha channel wherever pixels may be transparent: whether some are,
// is known only when the decoder has looked at them.
ImageHeader PeekBmp(ByteSpan bytes) {
  ImageHeader header;
  header.format = ImageFormat::kBmp;
  const BmpLayout bmp = ReadBmpLayout(bytes);
  if (bmp.fault != Reason::kNone) return header;
  header.width = bmp.width;
  header.height = bmp.height;
  const bool alpha = bmp.coding != BmpCoding::kRaw || bmp.masks[3] != 0;
  header.components = alpha ? 4 : bmp.has_palette() ? 1 : 3;
  header.bits = static_cast<std::uint8_t>(std::min(bmp.bits, 8u));
  header.samples = std::uint64_t{bmp.width} * bmp.height * header.components;
  header.icc_bytes = bmp.icc.size();
  return header;
}

}  // namespace thumbmill
