#include "worker/image/header/exif.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "worker/image/header/metadata.h"

namespace thumbmill {
namespace {

constexpr std::uint16_t kOrientationTag = 0x0112;
constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kEntryBytes = 12;
constexpr std::size_t kInlineBytes = 4;     // room for a value within its entry
constexpr std::size_t kDirectoryBytes = 6;  // count, offset of the next one

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
enum Type : std::uint16_t {
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
std::size_t BytesOfType(std::uint16_t type) {
  constexpr std::array<std::uint8_t, 14> kBytes = {0, 1, 1, 2, 4, 8, 1,
                                                   1, 2, 4, 8, 4, 8, 4};
  return type < kBytes.size() ? kBytes[type] : 0;
}

// Returns the value of an entry. A short value lies within the entry; a longer
// one lies where the entry points. Returns empty if it is not within the bytes.
ByteSpan ValueOf(const TiffReader& tiff, std::size_t entry) {
  const std::size_t size =
      BytesOfType(tiff.U16(entry + 2)) * std::size_t{tiff.U32(entry + 4)};
  const bool within = size <= kInlineBytes;
  return tiff.Part(within ? entry + 8 : tiff.U32(entry + 8), size);
}

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
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (!tiff.Has(entry, kEntryBytes)) return 1;
    if (tiff.U16(entry) != kOrientationTag) continue;
    const int value = FirstOf(tiff, entry);
    return value != 0 ? value : 1;
  }
  return 1;
}

std::optional<TiffReader> OpenTiff(ByteSpan tiff) {
  if (tiff.size() < kHeaderBytes) return std::nullopt;
  const bool big_endian = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big_endian && !(tiff[0] == 'I' && tiff[1] == 'I')) return std::nullopt;
  const TiffReader reader(tiff, big_endian);
  if (reader.U16(2) != 42) return std::nullopt;
  return reader;
}

// ---- rewriting ---------------------------------------------------------

// The most entries of one directory; cameras write about 60.
constexpr std::size_t kMaxEntries = 1000;
constexpr std::uint16_t kExifTag = 0x8769, kGpsTag = 0x8825,
                        kInteropTag = 0xA005, kColourSpaceTag = 0xA001,
                        kArtistTag = 0x013B, kCopyrightTag = 0x8298;
constexpr std::uint16_t kColourSpaceSrgb = 1;

// Tags of the first directory that do not fit a thumbnail: the layout of the
// original's samples, its embedded thumbnails, and data that is not EXIF
// (profile, XMP, IPTC, Photoshop's block, padding).
constexpr std::array<std::uint16_t, 27> kNotOfAThumbnail = {
    0x00FE, 0x00FF, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0111, 0x0115,
    0x0116, 0x0117, 0x011C, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x0153,
    0x0201, 0x0202, 0x0212, 0x02BC, 0x83BB, 0x8649, 0x8773, 0xEA1C, 0x015B};
// Tags of the EXIF directory that do not fit a thumbnail: the maker's note (its
// offsets count from its old position), the original's size, padding.
constexpr std::array<std::uint16_t, 4> kNotOfAThumbnailsExif = {0x927C, 0xA002,
                                                                0xA003, 0xEA1C};

struct Directory;

struct Entry {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint32_t count = 0;
  std::vector<std::uint8_t> value;       // in the byte order of the structure
  std::unique_ptr<Directory> directory;  // set if the entry points to a
                                         // directory; `value` is then empty
};

struct Directory {
  std::vector<Entry> entries;
};

template <std::size_t N>
bool IsOneOf(std::uint16_t tag, const std::array<std::uint16_t, N>& tags) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

// Reads the wanted directories into memory, then writes a new structure, since
// moved values need new offsets.
class ExifRewriter {
 public:
  ExifRewriter(const TiffReader& tiff, const ExifChange& change)
      : tiff_(tiff), change_(change) {}

  [[nodiscard]] std::vector<std::uint8_t> Run() {
    Directory main = Read(0, tiff_.U32(4));
    if (main.entries.empty()) return {};
    out_ = {0, 0, 0, 0, 0, 0, 0, 0};
    out_[0] = out_[1] = tiff_.big_endian() ? 'M' : 'I';
    PutU16(2, 42);
    PutU32(4, kHeaderBytes);
    Write(main);
    return std::move(out_);
  }

 private:
  // Reads a directory. `parent` is the tag of the entry that points to it, 0
  // for the first directory.
  [[nodiscard]] Directory Read(std::uint16_t parent, std::size_t at);
  [[nodiscard]] std::optional<Entry> ReadEntry(std::uint16_t parent,
                                               std::size_t at);
  [[nodiscard]] bool Wanted(std::uint16_t parent, std::uint16_t tag) const;
  [[nodiscard]] std::optional<Entry> ReadDirectory(std::uint16_t tag,
                                                   std::size_t at);
  void Change(std::uint16_t parent, Entry* entry) const;
  void SetShort(std::uint16_t value, Entry* entry) const;

  void Write(const Directory& directory);
  void PutU16(std::size_t at, std::uint32_t value) {
    const auto high = static_cast<std::uint8_t>(value >> 8);
    const auto low = static_cast<std::uint8_t>(value);
    out_[at] = tiff_.big_endian() ? high : low;
    out_[at + 1] = tiff_.big_endian() ? low : high;
  }
  void PutU32(std::size_t at, std::size_t value) {
    const auto number = static_cast<std::uint32_t>(value);
    PutU16(at, tiff_.big_endian() ? number >> 16 : number);
    PutU16(at + 2, tiff_.big_endian() ? number : number >> 16);
  }
  // Adds `size` bytes and returns their offset. It is even, as TIFF requires.
  [[nodiscard]] std::size_t Grow(std::size_t size) {
    const std::size_t at = (out_.size() + 1) / 2 * 2;
    out_.resize(at + size);
    return at;
  }
  // Reserves `size` bytes of the output. Returns false if there is no room.
  [[nodiscard]] bool Spend(std::size_t size) {
    if (size > room_) return false;
    room_ -= size;
    return true;
  }

  const TiffReader& tiff_;
  const ExifChange change_;
  std::size_t room_ = kMaxExifBytes - kHeaderBytes;
  std::vector<std::uint8_t> out_;
};

bool ExifRewriter::Wanted(std::uint16_t parent, std::uint16_t tag) const {
  if (change_.copyright_only)
    return parent == 0 && (tag == kArtistTag || tag == kCopyrightTag);
  if (parent == 0) return !IsOneOf(tag, kNotOfAThumbnail);
  // This directory would say that the colours are those of Adobe RGB.
  if (tag == kInteropTag && change_.now_srgb) return false;
  return parent != kExifTag || !IsOneOf(tag, kNotOfAThumbnailsExif);
}

void ExifRewriter::SetShort(std::uint16_t value, Entry* entry) const {
  const auto high = static_cast<std::uint8_t>(value >> 8);
  const auto low = static_cast<std::uint8_t>(value);
  entry->type = kShort;
  entry->count = 1;
  if (tiff_.big_endian()) {
    entry->value = {high, low};
  } else {
    entry->value = {low, high};
  }
}

void ExifRewriter::Change(std::uint16_t parent, Entry* entry) const {
  if (parent == 0 && entry->tag == kOrientationTag)
    SetShort(static_cast<std::uint16_t>(change_.orientation), entry);
  if (parent == kExifTag && entry->tag == kColourSpaceTag && change_.now_srgb)
    SetShort(kColourSpaceSrgb, entry);
}

std::optional<Entry> ExifRewriter::ReadDirectory(std::uint16_t tag,
                                                 std::size_t at) {
  Entry entry;
  entry.tag = tag;
  entry.type = kLong;
  entry.count = 1;
  entry.directory = std::make_unique<Directory>(Read(tag, at));
  if (entry.directory->entries.empty()) return std::nullopt;
  return entry;
}

std::optional<Entry> ExifRewriter::ReadEntry(std::uint16_t parent,
                                             std::size_t at) {
  Entry entry;
  entry.tag = tiff_.U16(at);
  if (!Wanted(parent, entry.tag)) return std::nullopt;
  const bool leads_down =
      (parent == 0 && (entry.tag == kExifTag || entry.tag == kGpsTag)) ||
      (parent == kExifTag && entry.tag == kInteropTag);
  if (leads_down) return ReadDirectory(entry.tag, tiff_.U32(at + 8));
  entry.type = tiff_.U16(at + 2);
  entry.count = tiff_.U32(at + 4);
  // An unknown directory cannot be moved: the offsets in it are not known.
  if (entry.type == kDirectory && entry.tag != kOrientationTag)
    return std::nullopt;
  const ByteSpan value = ValueOf(tiff_, at);
  const std::size_t size = value.size();
  if (value.empty()) return std::nullopt;
  if (size > kInlineBytes && !Spend(size + size % 2)) return std::nullopt;
  entry.value.assign(value.begin(), value.end());
  Change(parent, &entry);
  return entry;
}

// Keeps only the first entry of each tag, so that no directory is read twice.
Directory ExifRewriter::Read(std::uint16_t parent, std::size_t at) {
  Directory directory;
  if (!Spend(kDirectoryBytes)) return directory;
  const std::size_t count = std::min<std::size_t>(tiff_.U16(at), kMaxEntries);
  std::bitset<65536> seen;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = at + 2 + i * kEntryBytes;
    if (!tiff_.Has(place, kEntryBytes) || !Spend(kEntryBytes)) break;
    const std::uint16_t tag = tiff_.U16(place);
    if (seen[tag]) continue;
    seen.set(tag);
    if (auto entry = ReadEntry(parent, place))
      directory.entries.push_back(std::move(*entry));
  }
  std::sort(directory.entries.begin(), directory.entries.end(),
            [](const Entry& x, const Entry& y) { return x.tag < y.tag; });
  return directory;
}

// Writes the entries, then the values that they point to, then the directories.
void ExifRewriter::Write(const Directory& directory) {
  const std::size_t count = directory.entries.size();
  const std::size_t start = Grow(kDirectoryBytes + count * kEntryBytes);
  PutU16(start, static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = directory.entries[i];
    const std::size_t place = start + 2 + i * kEntryBytes;
    PutU16(place, entry.tag);
    PutU16(place + 2, entry.type);
    PutU32(place + 4, entry.count);
    std::size_t at = place + 8;
    if (entry.value.size() > kInlineBytes) {
      at = Grow(entry.value.size());
      PutU32(place + 8, at);
    }
    std::copy(entry.value.begin(), entry.value.end(),
              out_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = directory.entries[i];
    if (entry.directory == nullptr) continue;
    // Write() will place the directory at the next even offset, as Grow() does.
    PutU32(start + 2 + i * kEntryBytes + 8, (out_.size() + 1) / 2 * 2);
    Write(*entry.directory);
  }
}

}  // namespace

int ExifOrientation(ByteSpan tiff) {
  const auto reader = OpenTiff(tiff);
  return reader ? FromDirectory(*reader, reader->U32(4)) : 1;
}

std::vector<std::uint8_t> RewrittenExif(ByteSpan tiff,
                                        const ExifChange& change) {
  const auto reader = OpenTiff(tiff);
  if (!reader) return {};
  return ExifRewriter(*reader, change).Run();
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
