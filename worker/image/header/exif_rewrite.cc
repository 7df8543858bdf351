// Writes the EXIF that a thumbnail keeps: the wanted directories in a new
// structure.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "worker/image/header/exif.h"
#include "worker/image/header/metadata.h"
#include "worker/image/header/tiff_reader.h"

namespace thumbmill {
namespace {

// Bytes of a directory beside its entries: the count, and the offset of the
// next one.
constexpr std::size_t kDirectoryBytes = 6;
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
    PutU32(4, kTiffHeaderBytes);
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
  std::size_t room_ = kMaxExifBytes - kTiffHeaderBytes;
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
  if (size > kTiffInlineBytes && !Spend(size + size % 2)) return std::nullopt;
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
    const std::size_t place = at + 2 + i * kTiffEntryBytes;
    if (!tiff_.Has(place, kTiffEntryBytes) || !Spend(kTiffEntryBytes)) break;
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
  const std::size_t start = Grow(kDirectoryBytes + count * kTiffEntryBytes);
  PutU16(start, static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = directory.entries[i];
    const std::size_t place = start + 2 + i * kTiffEntryBytes;
    PutU16(place, entry.tag);
    PutU16(place + 2, entry.type);
    PutU32(place + 4, entry.count);
    std::size_t at = place + 8;
    if (entry.value.size() > kTiffInlineBytes) {
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
    PutU32(start + 2 + i * kTiffEntryBytes + 8, (out_.size() + 1) / 2 * 2);
    Write(*entry.directory);
  }
}

}  // namespace

std::vector<std::uint8_t> RewrittenExif(ByteSpan tiff,
                                        const ExifChange& change) {
  const auto reader = OpenTiff(tiff);
  if (!reader) return {};
  return ExifRewriter(*reader, change).Run();
}

}  // namespace thumbmill
