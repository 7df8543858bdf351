#include "worker/image/header/exif.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "worker/image/header/tiff_reader.h"

namespace thumbmill {
namespace {

// Returns an orientation from 1 to 8, or 0 for any other number.
int IfWhole(double value) {
  return value >= 1 && value <= 8 && value == std::floor(value)
             ? static_cast<int>(value)
             : 0;
}

// Returns the first value of an entry, of any type, as exiftool reads it, or 0
// if it is no orientation. Signed types need no code of their own: the numbers
// from 1 to 8 are the same with and without a sign.
int FirstOf(const TiffReader& tiff, std::size_t entry) {
  const ByteSpan bytes = ValueOf(tiff, entry);
  if (bytes.empty()) return 0;
  const TiffReader value(bytes, tiff.big_endian());
  const std::uint64_t high = value.U32(tiff.big_endian() ? 0 : 4);
  const std::uint64_t low = value.U32(tiff.big_endian() ? 4 : 0);
  switch (tiff.U16(entry + 2)) {
    case kAscii:
      return bytes.size() == 1 || bytes[1] == 0 ? IfWhole(bytes[0] - '0') : 0;
    case kUndefined:
      return bytes.size() == 1 ? IfWhole(bytes[0]) : 0;
    case kByte:
    case kSignedByte:
      return IfWhole(bytes[0]);
    case kShort:
    case kSignedShort:
      return IfWhole(value.U16(0));
    case kLong:
    case kSignedLong:
    case kDirectory:
      return IfWhole(value.U32(0));
    case kRational:
    case kSignedRational:
      return value.U32(4) == 0
                 ? 0
                 : IfWhole(static_cast<double>(value.U32(0)) / value.U32(4));
    case kFloat:
      return IfWhole(std::bit_cast<float>(value.U32(0)));
    case kDouble:
      return IfWhole(std::bit_cast<double>(high << 32 | low));
    default:
      return 0;
  }
}

// Returns the orientation that a directory holds, or 1 (upright).
int FromDirectory(const TiffReader& tiff, std::size_t directory) {
  const std::size_t count = tiff.U16(directory);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + i * kTiffEntryBytes;
    if (!tiff.Has(entry, kTiffEntryBytes)) return 1;
    if (tiff.U16(entry) != kOrientationTag) continue;
    const int value = FirstOf(tiff, entry);
    return value != 0 ? value : 1;
  }
  return 1;
}

}  // namespace

int ExifOrientation(ByteSpan tiff) {
  const auto reader = OpenTiff(tiff);
  return reader ? FromDirectory(*reader, reader->U32(4)) : 1;
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
