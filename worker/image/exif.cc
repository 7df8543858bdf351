#include "worker/image/exif.h"

#include <cstddef>
#include <cstdint>

namespace thumbmill {
namespace {

constexpr std::uint16_t kOrientationTag = 0x0112;
constexpr std::uint16_t kTypeShort = 3;
constexpr std::size_t kEntryBytes = 12;

// Reads past the end give 0: a directory of zeros has no entries.
class TiffReader {
 public:
  TiffReader(ByteSpan bytes, bool big_endian)
      : bytes_(bytes), big_endian_(big_endian) {}

  [[nodiscard]] std::uint16_t U16(std::size_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < 2) return 0;
    const std::uint32_t a = bytes_[at], b = bytes_[at + 1];
    return static_cast<std::uint16_t>(big_endian_ ? a << 8 | b : b << 8 | a);
  }
  [[nodiscard]] std::uint32_t U32(std::size_t at) const {
    const std::uint32_t a = U16(at), b = U16(at + 2);
    return big_endian_ ? a << 16 | b : b << 16 | a;
  }
  [[nodiscard]] bool Has(std::size_t at, std::size_t size) const {
    return at <= bytes_.size() && bytes_.size() - at >= size;
  }

 private:
  ByteSpan bytes_;
  bool big_endian_;
};

int FromDirectory(const TiffReader& tiff, std::size_t directory) {
  const std::size_t count = tiff.U16(directory);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (!tiff.Has(entry, kEntryBytes)) return 1;
    if (tiff.U16(entry) != kOrientationTag) continue;
    if (tiff.U16(entry + 2) != kTypeShort || tiff.U32(entry + 4) != 1) return 1;
    const int value = tiff.U16(entry + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

}  // namespace

int ExifOrientation(ByteSpan tiff) {
  if (tiff.size() < 8) return 1;
  const bool big_endian = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big_endian && !(tiff[0] == 'I' && tiff[1] == 'I')) return 1;
  const TiffReader reader(tiff, big_endian);
  if (reader.U16(2) != 42) return 1;
  return FromDirectory(reader, reader.U32(4));
}

Orientation OrientationFromExif(int value) {
  switch (value) {
    case 2:
      return {false, true, false};
    case 3:
      return {false, true, true};
    case 4:
      return {false, false, true};
    case 5:
      return {true, false, false};
    case 6:
      return {true, true, false};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {};
  }
}

}  // namespace thumbmill
