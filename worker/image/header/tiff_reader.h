// worker/image/header/tiff_reader.h: reads the numbers and the entries of a
// TIFF structure, as EXIF has one.
//
// Errors   none: a read past the end gives 0.
// Source   TIFF 6.0, section 2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/bytes.h"

namespace thumbmill {

inline constexpr std::size_t kTiffHeaderBytes = 8;
inline constexpr std::size_t kTiffEntryBytes = 12;
// Room for a value within its entry.
inline constexpr std::size_t kTiffInlineBytes = 4;
inline constexpr std::uint16_t kOrientationTag = 0x0112;

// Reads the numbers of a TIFF structure. A read past the end returns 0, so a
// missing directory has no entries.
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
  // Returns empty if the part is not within the bytes.
  [[nodiscard]] ByteSpan Part(std::size_t at, std::size_t size) const {
    return Has(at, size) ? bytes_.subspan(at, size) : ByteSpan();
  }
  [[nodiscard]] bool big_endian() const { return big_endian_; }

 private:
  ByteSpan bytes_;
  bool big_endian_;
};

// The value types of TIFF 6.0 and of its supplement.
enum TiffType : std::uint16_t {
  kByte = 1,
  kAscii,
  kShort,
  kLong,
  kRational,
  kSignedByte,
  kUndefined,
  kSignedShort,
  kSignedLong,
  kSignedRational,
  kFloat,
  kDouble,
  kDirectory,
};

// Returns 0 for a type that TIFF does not know.
inline std::size_t BytesOfType(std::uint16_t type) {
  constexpr std::array<std::uint8_t, 14> kBytes = {0, 1, 1, 2, 4, 8, 1,
                                                   1, 2, 4, 8, 4, 8, 4};
  return type < kBytes.size() ? kBytes[type] : 0;
}

// Returns the value of an entry. A short value lies within the entry; a longer
// one lies where the entry points. Returns empty if it is not within the bytes.
inline ByteSpan ValueOf(const TiffReader& tiff, std::size_t entry) {
  const std::size_t size =
      BytesOfType(tiff.U16(entry + 2)) * std::size_t{tiff.U32(entry + 4)};
  const bool within = size <= kTiffInlineBytes;
  return tiff.Part(within ? entry + 8 : tiff.U32(entry + 8), size);
}

// Returns empty if the bytes are no TIFF structure.
inline std::optional<TiffReader> OpenTiff(ByteSpan tiff) {
  if (tiff.size() < kTiffHeaderBytes) return std::nullopt;
  const bool big_endian = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big_endian && !(tiff[0] == 'I' && tiff[1] == 'I')) return std::nullopt;
  const TiffReader reader(tiff, big_endian);
  if (reader.U16(2) != 42) return std::nullopt;
  return reader;
}

}  // namespace thumbmill
