#include "tests/fuzz/containers.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace thumbmill::fuzz {
namespace {

constexpr std::string_view kPngHead = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kBmpHead = 14;
constexpr std::size_t kBmpDataAt = 10;  // place of the offset of the pixels
// Depth at which boxes are no longer parsed; deeper ones stay bytes.
constexpr int kMostDepth = 6;

std::size_t LoadBig(ByteSpan bytes, std::size_t at, int count) {
  std::size_t value = 0;
  for (int i = 0; i < count; ++i)
    value = value << 8 | bytes[at + static_cast<std::size_t>(i)];
  return value;
}

void StoreBig(std::size_t value, int count, Bytes* out) {
  for (int i = count - 1; i >= 0; --i)
    out->push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void StoreLittle32(std::size_t value, Bytes* out) {
  for (int i = 0; i < 4; ++i)
    out->push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::size_t LoadLittle32(ByteSpan bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

void Append(ByteSpan bytes, Bytes* out) {
  out->insert(out->end(), bytes.begin(), bytes.end());
}

Bytes Copy(ByteSpan bytes, std::size_t from, std::size_t length) {
  const ByteSpan part = bytes.subspan(from, length);
  return {part.begin(), part.end()};
}

void Rest(ByteSpan bytes, std::size_t at, std::vector<Part>* parts) {
  if (at < bytes.size())
    parts->push_back({"", Copy(bytes, at, bytes.size() - at), {}});
}

// ---- PNG parts are length, type, body, CRC

void ParsePng(ByteSpan bytes, File* file) {
  file->head = Copy(bytes, 0, kPngHead.size());
  std::size_t at = kPngHead.size();
  while (bytes.size() - at >= 12) {
    const std::size_t length = LoadBig(bytes, at, 4);
    if (length > bytes.size() - at - 12) break;
    file->parts.push_back({std::string(AsText(bytes.subspan(at + 4, 4))),
                           Copy(bytes, at + 8, length),
                           {}});
    at += 12 + length;
  }
  Rest(bytes, at, &file->parts);
}

void WritePng(const Part& part, Bytes* out) {
  StoreBig(part.body.size(), 4, out);
  const std::size_t start = out->size();
  Append(AsBytes(part.type), out);
  Append(part.body, out);
  StoreBig(
      crc32(0, out->data() + start, static_cast<uInt>(out->size() - start)), 4,
      out);
}

// ---- JPEG parts are FF, marker, length (counts itself), body; scans follow
// SOS

bool StandsAlone(std::size_t marker) {
  return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD9);
}

// Returns the offset of the first marker after coded bytes. FF 00 is a stuffed
// byte, FF FF is fill, and FF D0 to FF D7 are restart markers: all three belong
// to the scan.
std::size_t EndOfScan(ByteSpan bytes, std::size_t at) {
  for (; at + 1 < bytes.size(); ++at) {
    const std::uint8_t next = bytes[at + 1];
    if (bytes[at] == 0xFF && next != 0 && next != 0xFF &&
        (next < 0xD0 || next > 0xD7))
      return at;
  }
  return bytes.size();
}

void ParseJpeg(ByteSpan bytes, File* file) {
  std::size_t at = 0;
  while (bytes.size() - at >= 2 && bytes[at] == 0xFF) {
    const std::uint8_t marker = bytes[at + 1];
    Part part{std::string(1, static_cast<char>(marker)), {}, {}};
    std::size_t end = at + 2;
    if (!StandsAlone(marker)) {
      if (bytes.size() - at < 4) break;
      const std::size_t length = LoadBig(bytes, at + 2, 2);
      if (length < 2 || length > bytes.size() - at - 2) break;
      end += length;
      part.body = Copy(bytes, at + 4, length - 2);
    }
    file->parts.push_back(std::move(part));
    // Only SOS (0xDA) is followed by coded bytes, which have no length field.
    at = end;
    if (marker != 0xDA) continue;
    end = EndOfScan(bytes, at);
    if (end > at) file->parts.push_back({"", Copy(bytes, at, end - at), {}});
    at = end;
  }
  Rest(bytes, at, &file->parts);
}

void WriteJpeg(const Part& part, Bytes* out) {
  out->push_back(0xFF);
  Append(AsBytes(part.type), out);
  if (StandsAlone(static_cast<std::uint8_t>(part.type[0]))) return;
  // The length field has 16 bits and counts itself. A body that a change made
  // longer is cut.
  const std::size_t length = std::min<std::size_t>(part.body.size(), 0xFFFD);
  StoreBig(length + 2, 2, out);
  Append(ByteSpan(part.body).first(length), out);
}

// ---- WebP has "RIFF", length, "WEBP"; then type, little-endian length, body

void ParseWebp(ByteSpan bytes, File* file) {
  file->head = Copy(bytes, 0, 12);
  std::size_t at = 12;
  while (bytes.size() - at >= 8) {
    std::size_t length = 0;
    for (std::size_t i = 4; i-- > 0;) length = length << 8 | bytes[at + 4 + i];
    if (length > bytes.size() - at - 8) break;
    file->parts.push_back({std::string(AsText(bytes.subspan(at, 4))),
                           Copy(bytes, at + 8, length),
                           {}});
    // The padding byte of the last chunk may be missing.
    at = std::min(at + 8 + length + length % 2, bytes.size());
  }
  Rest(bytes, at, &file->parts);
}

void WriteWebp(const Part& part, Bytes* out) {
  Append(AsBytes(part.type), out);
  StoreLittle32(part.body.size(), out);
  Append(part.body, out);
  if (part.body.size() % 2 == 1) out->push_back(0);
}

void SetRiffLength(Bytes* out) {
  if (out->size() < 8) return;  // a head that was cut
  Bytes length;
  StoreLittle32(out->size() - 8, &length);
  std::copy(length.begin(), length.end(), out->begin() + 4);
}

// ---- GIF has a header with colours; then extensions, images, the trailer

// Returns the size of a colour table: 3 bytes for each of 2^(n+1) colours,
// where n is in the low three bits of `flags`.
std::size_t ColourBytes(std::uint8_t flags) {
  return (flags & 0x80) != 0 ? std::size_t{6} << (flags & 7) : 0;
}

// Returns the offset after the sub-blocks that begin at `at`. The offset is
// past the end of `bytes` if the sub-blocks do not end.
std::size_t EndOfBlocks(ByteSpan bytes, std::size_t at) {
  while (at < bytes.size() && bytes[at] != 0) at += 1 + bytes[at];
  return at + 1;
}

std::size_t EndOfGifPart(ByteSpan bytes, std::size_t at) {
  if (bytes[at] == ';') return at + 1;
  if (bytes[at] == '!' && bytes.size() - at >= 2)
    return EndOfBlocks(bytes, at + 2);
  // An image has a descriptor of 10 bytes, perhaps a colour table, and a byte
  // for the code size before its sub-blocks.
  if (bytes[at] == ',' && bytes.size() - at >= 11)
    return EndOfBlocks(bytes, at + 11 + ColourBytes(bytes[at + 9]));
  return bytes.size() + 1;
}

void ParseGif(ByteSpan bytes, File* file) {
  std::size_t at = 13 + ColourBytes(bytes[10]);
  at = std::min(at, bytes.size());
  file->head = Copy(bytes, 0, at);
  while (at < bytes.size()) {
    const std::size_t end = EndOfGifPart(bytes, at);
    if (end > bytes.size()) break;
    const std::size_t named = bytes[at] == '!' ? 2 : 1;
    file->parts.push_back({std::string(AsText(bytes.subspan(at, named))),
                           Copy(bytes, at + named, end - at - named),
                           {}});
    at = end;
  }
  Rest(bytes, at, &file->parts);
}

// ---- AVIF has boxes inside boxes

// Returns the number of bytes before the first inner box, or npos if boxes of
// this type hold no others.
std::size_t Before(std::string_view type) {
  if (type == "iprp" || type == "ipco" || type == "moov" || type == "dinf")
    return 0;
  if (type == "meta") return 4;
  if (type == "iinf") return 6;
  return std::string::npos;
}

void ParseBoxes(ByteSpan bytes, int depth, std::vector<Part>* parts) {
  std::size_t at = 0;
  while (bytes.size() - at >= 8) {
    const std::size_t length = LoadBig(bytes, at, 4);
    if (length < 8 || length > bytes.size() - at) break;
    Part part{std::string(AsText(bytes.subspan(at + 4, 4))), {}, {}};
    const std::size_t before = Before(part.type);
    if (depth < kMostDepth && before <= length - 8) {
      part.body = Copy(bytes, at + 8, before);
      ParseBoxes(bytes.subspan(at + 8 + before, length - 8 - before), depth + 1,
                 &part.boxes);
    } else {
      part.body = Copy(bytes, at + 8, length - 8);
    }
    parts->push_back(std::move(part));
    at += length;
  }
  Rest(bytes, at, parts);
}

void WriteBox(const Part& part, Bytes* out) {
  const std::size_t start = out->size();
  if (!part.type.empty()) {
    StoreBig(0, 4, out);
    Append(AsBytes(part.type), out);
  }
  Append(part.body, out);
  for (const Part& box : part.boxes) WriteBox(box, out);
  if (part.type.empty()) return;
  Bytes length;
  StoreBig(out->size() - start, 4, &length);
  std::copy(length.begin(), length.end(),
            out->begin() + static_cast<std::ptrdiff_t>(start));
}

// ---- BMP parts are the header, which begins with its length; masks and
// palette; and the pixels, whose offset is in the head

void ParseBmp(ByteSpan bytes, File* file) {
  file->head = Copy(bytes, 0, kBmpHead);
  std::size_t at = kBmpHead;
  const std::size_t length = LoadLittle32(bytes, at);
  if (length < 4 || length > bytes.size() - at)
    return Rest(bytes, at, &file->parts);
  file->parts.push_back({"info", Copy(bytes, at + 4, length - 4), {}});
  at += length;
  const std::size_t data = LoadLittle32(bytes, kBmpDataAt);
  if (data < at || data > bytes.size()) return Rest(bytes, at, &file->parts);
  file->parts.push_back({"more", Copy(bytes, at, data - at), {}});
  file->parts.push_back({"data", Copy(bytes, data, bytes.size() - data), {}});
}

void WriteBmp(const Part& part, Bytes* out) {
  if (part.type == "info") StoreLittle32(part.body.size() + 4, out);
  if (part.type == "data" && out->size() >= kBmpHead) {
    Bytes offset;
    StoreLittle32(out->size(), &offset);
    std::copy(offset.begin(), offset.end(), out->begin() + kBmpDataAt);
  }
  Append(part.body, out);
}

void WritePart(Container container, const Part& part, Bytes* out) {
  if (container == Container::kAvif) return WriteBox(part, out);
  if (part.type.empty()) return Append(part.body, out);
  switch (container) {
    case Container::kPng:
      return WritePng(part, out);
    case Container::kJpeg:
      return WriteJpeg(part, out);
    case Container::kWebp:
      return WriteWebp(part, out);
    case Container::kGif:
    case Container::kAvif:
    case Container::kNone:
      Append(AsBytes(part.type), out);
      Append(part.body, out);
      return;
    case Container::kBmp:
      return WriteBmp(part, out);
  }
}

Container ContainerOf(ByteSpan bytes) {
  const std::string_view text = AsText(bytes);
  if (text.starts_with(kPngHead)) return Container::kPng;
  if (text.starts_with("\xFF\xD8")) return Container::kJpeg;
  if (text.size() >= 12 && text.starts_with("RIFF") &&
      text.substr(8, 4) == "WEBP")
    return Container::kWebp;
  if (text.size() >= 13 && text.starts_with("GIF8")) return Container::kGif;
  if (text.size() >= 8 && text.substr(4, 4) == "ftyp") return Container::kAvif;
  if (text.size() >= kBmpHead + 4 && text.starts_with("BM"))
    return Container::kBmp;
  return Container::kNone;
}

}  // namespace

File Parse(ByteSpan bytes) {
  File file;
  file.container = ContainerOf(bytes);
  switch (file.container) {
    case Container::kPng:
      ParsePng(bytes, &file);
      break;
    case Container::kJpeg:
      ParseJpeg(bytes, &file);
      break;
    case Container::kWebp:
      ParseWebp(bytes, &file);
      break;
    case Container::kGif:
      ParseGif(bytes, &file);
      break;
    case Container::kAvif:
      ParseBoxes(bytes, 0, &file.parts);
      break;
    case Container::kBmp:
      ParseBmp(bytes, &file);
      break;
    case Container::kNone:
      Rest(bytes, 0, &file.parts);
      break;
  }
  return file;
}

Bytes Write(const File& file) {
  Bytes out = file.head;
  for (const Part& part : file.parts) WritePart(file.container, part, &out);
  if (file.container == Container::kWebp) SetRiffLength(&out);
  return out;
}

}  // namespace thumbmill::fuzz
