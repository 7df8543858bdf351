#include "worker/image/header/inspect.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "worker/image/header/avif_layout.h"
#include "worker/image/header/box_walker.h"
#include "worker/image/header/gif_layout.h"
#include "worker/image/header/icc_pieces.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/walk_budget.h"
#include "worker/image/header/webp_layout.h"

namespace thumbmill {
namespace {

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kExifTag("Exif\0", 5);  // one padding byte follows
// Estimated ratio of a profile's size to its deflated size. Colour tables
// shrink to about a half, other profiles less.
constexpr std::uint64_t kInflation = 4;

constexpr std::uint8_t kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kDri = 0xDD,
                       kDht = 0xC4, kDqt = 0xDB, kDnl = 0xDC, kTem = 0x01,
                       kApp1 = 0xE1, kApp2 = 0xE2;

std::uint32_t U16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}

std::uint32_t U32(ByteSpan bytes, std::size_t at) {
  return U16(bytes, at) << 16 | U16(bytes, at + 2);
}

bool StartsWith(ByteSpan bytes, std::string_view prefix) {
  return AsText(bytes).starts_with(prefix);
}

bool IsRestart(std::uint8_t marker) { return marker >= 0xD0 && marker <= 0xD7; }

// Returns true for the markers SOF0..SOF15. C4 (Huffman tables), C8 (reserved)
// and CC (arithmetic tables) lie among them but start no frame.
bool IsFrame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
         marker != 0xCC;
}

Sniffed Unsupported(std::string_view message,
                    ImageFormat format = ImageFormat::kUnknown) {
  return {format, Reason::kUnsupported, message};
}

// Returns true if the AVIF describes its picture in a box `mini` instead of
// `meta` (HEIF, amendment of 2024). libavif of Debian 12 and 13 does not read
// that box.
bool HasReducedHeader(ByteSpan bytes) {
  WalkBudget budget;
  for (BoxWalker box(bytes.first(std::min(bytes.size(), kSniffBytes)), &budget);
       box.Next();) {
    if (box.type() == "mini") return true;
    if (box.type() == "meta" || box.type() == "moov") return false;
  }
  return AsText(bytes.subspan(8, 4)) == "mif3";
}

// Recognises AVIF and HEIF by the brands in the first box. Returns empty for
// any other file.
std::optional<Sniffed> SniffBrands(ByteSpan bytes) {
  if (bytes.size() < 12 || AsText(bytes.subspan(4, 4)) != "ftyp")
    return std::nullopt;
  const std::string_view brand = AsText(bytes.subspan(8, 4));
  const std::string_view box =
      AsText(bytes.first(std::min<std::size_t>(bytes.size(), 64)));
  const bool avif = box.find("avif") != box.npos ||
                    box.find("avis") != box.npos ||
                    box.find("avio") != box.npos;
  if (avif && HasReducedHeader(bytes))
    return Unsupported("AVIF with a reduced header is not supported");
  if (avif) return Sniffed{ImageFormat::kAvif, Reason::kNone, {}};
  if (box.find("heic") != box.npos || box.find("mif1") != box.npos ||
      brand == "mif3")
    return Unsupported("HEIF is not supported");
  return std::nullopt;  // a video
}

std::optional<Sniffed> SniffOtherImage(ByteSpan bytes) {
  if (StartsWith(bytes, "GIF87a") || StartsWith(bytes, "GIF89a"))
    return Sniffed{ImageFormat::kGif, Reason::kNone, {}};
  if (StartsWith(bytes, "RIFF") && bytes.size() >= 12 &&
      AsText(bytes.subspan(8, 4)) == "WEBP")
    return Sniffed{ImageFormat::kWebp, Reason::kNone, {}};
  if (StartsWith(bytes, "BM") && bytes.size() >= 18)
    return Unsupported("BMP is not supported");
  if (StartsWith(bytes, std::string_view("II*\0", 4)) ||
      StartsWith(bytes, std::string_view("MM\0*", 4)) ||
      StartsWith(bytes, std::string_view("II+\0", 4)) ||
      StartsWith(bytes, std::string_view("MM\0+", 4)))
    return Unsupported("TIFF is not supported");
  if (StartsWith(bytes, "8BPS")) return Unsupported("PSD is not supported");
  if (StartsWith(bytes, std::string_view("\0\0\1\0", 4)))
    return Unsupported("ICO is not supported");
  if (StartsWith(bytes, std::string_view("\0\0\0\x0CjP  ", 8)) ||
      StartsWith(bytes, "\xFF\x4F\xFF\x51"))
    return Unsupported("JPEG 2000 is not supported");
  if (StartsWith(bytes, "\xFF\x0A") ||
      StartsWith(bytes, std::string_view("\0\0\0\x0CJXL ", 8)))
    return Unsupported("JPEG XL is not supported");
  return SniffBrands(bytes);
}

// Returns true if the bytes are text with an "<svg". Binary files are not
// searched: a video may hold these bytes by chance.
bool IsSvg(ByteSpan bytes) {
  std::string_view text =
      AsText(bytes.first(std::min(bytes.size(), kSniffBytes)));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '<' &&
         text.find("<svg") != text.npos;
}

// Returns true if 6 to 8 of the 8 signature bytes are right: a transfer in text
// mode or a flipped bit has damaged the others.
bool IsSpoiltPng(ByteSpan bytes) {
  if (bytes.size() < 8) return false;
  const std::string_view text = AsText(bytes.first(8));
  const auto equal = static_cast<std::size_t>(
      std::inner_product(text.begin(), text.end(), kPngSignature.begin(), 0,
                         std::plus<>(), std::equal_to<>()));
  return equal >= 6;
}

// Steps through the markers and segments of a JPEG.
class JpegWalker {
 public:
  // `budget` bounds the walk; null if its time needs no bound.
  JpegWalker(ByteSpan bytes, std::size_t at, WalkBudget* budget = nullptr)
      : bytes_(bytes), at_(at), budget_(budget) {}

  // Returns the next marker, or 0 at the end of the bytes or of the budget.
  // Skips bytes between markers as libjpeg does.
  std::uint8_t NextMarker() {
    while (at_ < bytes_.size()) {
      const std::size_t start = at_, end = End();
      const void* found = std::memchr(bytes_.data() + at_, 0xFF, end - at_);
      if (found != nullptr) {
        at_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) -
                                       bytes_.data());
        while (at_ < end && bytes_[at_] == 0xFF) ++at_;
      } else {
        at_ = end;
      }
      if (budget_ != nullptr && !budget_->SpendBytes(at_ - start)) break;
      if (at_ == bytes_.size()) break;
      const std::uint8_t marker = found != nullptr ? bytes_[at_++] : 0;
      // 0xFF followed by 0 is a byte of data, not a marker.
      if (marker != 0) return marker;
    }
    at_ = bytes_.size();
    return 0;
  }

  // Returns the bytes of a segment after its length, cut where the file ends.
  // Returns empty if there is no room for the length.
  ByteSpan Segment() {
    if (bytes_.size() - at_ < 2) {
      at_ = bytes_.size();
      return {};
    }
    const std::size_t length = std::max<std::size_t>(U16(bytes_, at_), 2);
    const std::size_t size = std::min(length, bytes_.size() - at_);
    const ByteSpan segment = bytes_.subspan(at_ + 2, size - 2);
    at_ += size;
    return segment;
  }

  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  // Returns the offset at which the search for the next marker must stop.
  [[nodiscard]] std::size_t End() const {
    const std::size_t rest = bytes_.size() - at_;
    return at_ +
           (budget_ == nullptr ? rest : std::min(rest, budget_->bytes_left()));
  }

  ByteSpan bytes_;
  std::size_t at_;
  WalkBudget* budget_;
};

// Returns the samples of all components, subsampling counted. libjpeg refuses
// sampling factors outside 1-4 later; here they must only not divide by zero.
std::uint64_t CountSamples(ByteSpan components, std::uint64_t width,
                           std::uint64_t height) {
  std::uint64_t max_h = 1, max_v = 1, sum = 0;
  for (std::size_t i = 0; i + 2 < components.size(); i += 3) {
    max_h = std::max<std::uint64_t>(max_h, components[i + 1] >> 4);
    max_v = std::max<std::uint64_t>(max_v, components[i + 1] & 15);
  }
  for (std::size_t i = 0; i + 2 < components.size(); i += 3) {
    const std::uint64_t h = components[i + 1] >> 4, v = components[i + 1] & 15;
    sum += (width * h + max_h - 1) / max_h * ((height * v + max_v - 1) / max_v);
  }
  return sum;
}

std::optional<JpegFrame> ReadFrame(std::uint8_t marker, ByteSpan segment) {
  if (segment.size() < 6) return std::nullopt;
  JpegFrame frame;
  frame.marker = marker;
  frame.bits = segment[0];
  frame.height = static_cast<std::uint16_t>(U16(segment, 1));
  frame.width = static_cast<std::uint16_t>(U16(segment, 3));
  frame.components = segment[5];
  const std::size_t room =
      std::min(segment.size() - 6, std::size_t{frame.components} * 3);
  frame.samples =
      CountSamples(segment.subspan(6, room), frame.width, frame.height);
  return frame;
}

// Keeps the parts of a segment that the layout needs; ignores all others.
void KeepSegment(std::uint8_t marker, ByteSpan segment, IccPieces* icc,
                 JpegLayout* layout) {
  if (IsFrame(marker) && !layout->frame) {
    layout->frame = ReadFrame(marker, segment);
  } else if (marker == kApp1 && layout->exif.empty() &&
             StartsWith(segment, kExifTag) &&
             segment.size() > kExifTag.size()) {
    layout->exif = segment.subspan(kExifTag.size() + 1);
  } else if (marker == kApp2) {
    icc->Add(segment);
  } else if (marker == kDri && segment.size() >= 2) {
    layout->restart_interval = static_cast<std::uint16_t>(U16(segment, 0));
  }
}

// Notes where each Huffman table of a DHT segment lies. A segment holds tables
// one after the other: a class and a number, 16 counts, and the symbols.
// Source: T.81 B.2.4.2.
void KeepTables(ByteSpan segment, JpegScan* next) {
  while (segment.size() >= 17) {
    const std::size_t symbols =
        std::accumulate(segment.begin() + 1, segment.begin() + 17, 0u);
    const std::size_t size = std::min(17 + symbols, segment.size());
    const unsigned kind = segment[0] >> 4, number = segment[0] & 15;
    if (kind < 2 && number < 4)
      (kind == 0 ? next->dc_specs : next->ac_specs)[number] =
          segment.subspan(1, size - 1);
    segment = segment.subspan(size);
  }
}

// Reads a scan's header. Returns zeros if the segment is cut off.
JpegScan ReadScan(ByteSpan segment) {
  JpegScan scan;
  const std::size_t count = segment.empty() ? 0 : segment[0];
  if (segment.size() < 4 + 2 * count) return scan;
  for (std::size_t i = 0; i < count; ++i) {
    scan.components.push_back(segment[1 + 2 * i]);
    scan.tables.push_back(segment[2 + 2 * i]);
  }
  const ByteSpan progression = segment.subspan(1 + 2 * count);
  scan.first = progression[0];
  scan.last = progression[1];
  scan.high_bit = progression[2] >> 4;
  scan.low_bit = progression[2] & 15;
  return scan;
}

// Reads the segments before the first scan and notes the offset of that scan.
void WalkSegments(ByteSpan bytes, IccPieces* icc, JpegLayout* layout) {
  WalkBudget budget;
  JpegWalker walker(bytes, 2, &budget);
  while (const std::uint8_t marker = walker.NextMarker()) {
    if (marker == kEoi || marker == kSoi) return;
    if (IsRestart(marker) || marker == kTem) continue;
    const std::size_t start = walker.at() - 2;
    const ByteSpan segment = walker.Segment();
    if (marker == kSos) {
      layout->first_scan = start;
      layout->scan_components = segment.empty() ? 0 : segment[0];
      return;
    }
    KeepSegment(marker, segment, icc, layout);
  }
  layout->overlong = budget.over();
}

// Returns true if PNG allows this combination of colour type and depth.
bool LegalDepth(std::uint8_t colour_type, std::uint8_t bits) {
  const bool byte_sized = bits == 8 || bits == 16;
  const bool small = bits == 1 || bits == 2 || bits == 4;
  switch (colour_type) {
    case 0:
      return small || byte_sized;
    case 2:
    case 4:
    case 6:
      return byte_sized;
    case 3:
      return small || bits == 8;
    default:
      return false;
  }
}

ImageHeader PeekJpeg(ByteSpan bytes) {
  ImageHeader header;
  header.format = ImageFormat::kJpeg;
  const JpegLayout layout = WalkJpeg(bytes);
  header.overlong = layout.overlong;
  if (!layout.frame) return header;
  header.width = layout.frame->width;
  header.height = layout.frame->height;
  header.components = layout.frame->components;
  header.bits = layout.frame->bits;
  header.samples = layout.frame->samples;
  for (const ByteSpan piece : layout.icc) header.icc_bytes += piece.size();
  header.exif_bytes = layout.exif.size();
  // A sequential JPEG whose first scan lacks a component has several scans, and
  // its coefficients are kept as those of a progressive one are.
  header.progressive = layout.frame->progressive() ||
                       (layout.first_scan != 0 &&
                        layout.scan_components < layout.frame->components);
  return header;
}

ImageHeader PeekPng(ByteSpan bytes) {
  ImageHeader header;
  header.format = ImageFormat::kPng;
  const auto png = ReadPngHeader(bytes);
  if (!png) return header;
  header.width = png->width;
  header.height = png->height;
  header.components = png->channels();
  header.bits = png->bits;
  header.interlaced = png->interlaced;
  header.samples = std::uint64_t{png->width} * png->height * header.components;
  const PngLayout layout = WalkPng(bytes, true);
  header.overlong = layout.overlong;
  header.icc_bytes = kInflation * layout.icc.size();
  header.exif_bytes = layout.exif.size();
  return header;
}

ImageHeader PeekWebp(ByteSpan bytes) {
  const WebpLayout webp = WalkWebp(bytes);
  ImageHeader header;
  header.format = ImageFormat::kWebp;
  header.overlong = webp.overlong;
  header.width = webp.width;
  header.height = webp.height;
  header.components = webp.alpha ? 4 : 3;
  header.lossless = webp.lossless;
  header.icc_bytes = webp.icc.size();
  header.exif_bytes = webp.exif.size();
  header.samples = std::uint64_t{webp.width} * webp.height * header.components;
  return header;
}

// Counts one channel: whether the GIF has alpha is known only when the decoder
// opens it.
ImageHeader PeekGif(ByteSpan bytes) {
  const GifLayout gif = WalkGif(bytes);
  ImageHeader header;
  header.format = ImageFormat::kGif;
  header.overlong = gif.overlong;
  header.width = gif.width;
  header.height = gif.height;
  header.components = 1;
  header.interlaced = gif.interlaced;
  header.samples = std::uint64_t{gif.width} * gif.height;
  return header;
}

std::uint64_t CountAvifSamples(const AvifLayout& avif) {
  const std::uint64_t width = avif.width, height = avif.height;
  const std::uint64_t chroma = (avif.halved_x ? (width + 1) / 2 : width) *
                               (avif.halved_y ? (height + 1) / 2 : height);
  return width * height * (avif.alpha ? 2 : 1) +
         (avif.monochrome ? 0 : 2 * chroma);
}

ImageHeader PeekAvif(ByteSpan bytes) {
  const AvifLayout avif = WalkAvif(bytes);
  ImageHeader header;
  header.format = ImageFormat::kAvif;
  header.overlong = avif.overlong;
  header.width = avif.width;
  header.height = avif.height;
  header.bits = avif.bits;
  header.components = static_cast<std::uint8_t>((avif.monochrome ? 1 : 3) +
                                                (avif.alpha ? 1 : 0));
  header.samples = CountAvifSamples(avif);
  header.items = avif.items;
  header.icc_bytes = avif.icc_bytes;
  // The exact size would need the item's location. This is an upper bound: the
  // size of the file, or 64 KiB, which is more than a thumbnail may keep.
  if (avif.has_exif)
    header.exif_bytes = std::min<std::size_t>(bytes.size(), UINT16_MAX);
  return header;
}

}  // namespace

Sniffed Sniff(ByteSpan bytes) {
  if (bytes.empty())
    return {ImageFormat::kUnknown, Reason::kEmpty, "the file is empty"};
  if (bytes.size() == 2 && StartsWith(bytes, "\xFF\xD8"))
    return {ImageFormat::kJpeg, Reason::kTruncated, "a JPEG of two bytes"};
  if (StartsWith(bytes, "\xFF\xD8"))
    return {ImageFormat::kJpeg, Reason::kNone, {}};
  if (StartsWith(bytes, kPngSignature))
    return {ImageFormat::kPng, Reason::kNone, {}};
  if (bytes.size() >= 4 && bytes.size() < 8 &&
      kPngSignature.starts_with(AsText(bytes)))
    return {ImageFormat::kPng, Reason::kTruncated, "a PNG of a few bytes"};
  if (IsSpoiltPng(bytes))
    return {ImageFormat::kPng, Reason::kCorrupt, "damaged PNG signature"};
  if (const auto other = SniffOtherImage(bytes)) return *other;
  if (IsSvg(bytes)) return Unsupported("SVG is not supported");
  return {ImageFormat::kUnknown, Reason::kNotImage,
          "the bytes are no image that we know"};
}

bool MayBeImage(ByteSpan first) {
  return Sniff(first).reason != Reason::kNotImage;
}

JpegLayout WalkJpeg(ByteSpan bytes) {
  JpegLayout layout;
  if (!StartsWith(bytes, "\xFF\xD8")) return layout;
  IccPieces icc;
  WalkSegments(bytes, &icc, &layout);
  layout.icc = icc.Join();
  layout.icc_has_hole = layout.icc.empty() && !icc.empty();
  return layout;
}

JpegScans WalkJpegScans(ByteSpan bytes, std::size_t first_scan,
                        std::uint16_t restart_interval, std::uint32_t limit) {
  JpegScans found;
  JpegScan tables;  // only its dc_specs and ac_specs are used
  JpegWalker walker(bytes, std::min(first_scan, bytes.size()));
  while (const std::uint8_t marker = walker.NextMarker()) {
    found.ends = marker == kEoi;
    if (found.ends) break;
    if (IsRestart(marker) || marker == kTem || marker == kSoi) continue;
    // The first marker after a scan that is no restart marker ends its data.
    if (!found.scans.empty() && found.scans.back().data_end == 0)
      found.scans.back().data_end = walker.at() - 2;
    const ByteSpan segment = walker.Segment();
    if (marker == kDht) KeepTables(segment, &tables);
    if (marker == kDqt) found.changes_steps = true;
    if (marker == kDnl) found.has_line_count = true;
    if (marker == kDri && segment.size() >= 2)
      restart_interval = static_cast<std::uint16_t>(U16(segment, 0));
    if (marker != kSos) continue;
    found.scans.push_back(ReadScan(segment));
    found.scans.back().data = walker.at();
    found.scans.back().restart_interval = restart_interval;
    found.scans.back().dc_specs = tables.dc_specs;
    found.scans.back().ac_specs = tables.ac_specs;
    if (found.scans.size() > limit) break;
  }
  if (!found.scans.empty() && found.scans.back().data_end == 0)
    found.scans.back().data_end = walker.at() - (found.ends ? 2 : 0);
  return found;
}

std::uint8_t PngHeader::channels() const {
  switch (colour_type) {
    case 2:
      return 3;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 1;
  }
}

std::optional<PngHeader> ReadPngHeader(ByteSpan bytes) {
  if (!StartsWith(bytes, kPngSignature) || bytes.size() < 33)
    return std::nullopt;
  if (U32(bytes, 8) != 13 || AsText(bytes.subspan(12, 4)) != "IHDR")
    return std::nullopt;
  constexpr std::uint32_t kMaxSide = 0x7FFFFFFF;
  PngHeader header;
  header.width = U32(bytes, 16);
  header.height = U32(bytes, 20);
  header.bits = bytes[24];
  header.colour_type = bytes[25];
  header.interlaced = bytes[28] == 1;
  const bool legal = header.width >= 1 && header.width <= kMaxSide &&
                     header.height >= 1 && header.height <= kMaxSide &&
                     LegalDepth(header.colour_type, header.bits) &&
                     bytes[26] == 0 && bytes[27] == 0 && bytes[28] <= 1;
  if (!legal) return std::nullopt;
  return header;
}

PngLayout WalkPng(ByteSpan bytes, bool head_only) {
  constexpr std::size_t kFrame = 12;  // bytes of length, type and CRC
  PngLayout layout;
  WalkBudget budget;  // only for the head: the worker alone reads beyond it
  std::size_t at = kPngSignature.size();
  while (at < bytes.size() && bytes.size() - at >= kFrame) {
    if (head_only && !budget.Spend()) break;
    const std::size_t length = U32(bytes, at);
    if (bytes.size() - at - kFrame < length) break;
    const std::string_view type = AsText(bytes.subspan(at + 4, 4));
    if (type == "IDAT" && head_only) break;
    if (type == "eXIf" && layout.exif.empty())
      layout.exif = bytes.subspan(at + 8, length);
    if (type == "iCCP" && layout.icc.empty())
      layout.icc = bytes.subspan(at + 8, length);
    at += kFrame + length;
    if (type == "IDAT") layout.data_end = at;
    if (type == "IEND") {
      layout.ends = true;
      break;
    }
  }
  layout.overlong = budget.over();
  return layout;
}

std::optional<ImageHeader> PeekHeader(ByteSpan bytes) {
  const Sniffed sniffed = Sniff(bytes);
  if (sniffed.format == ImageFormat::kUnknown) return std::nullopt;
  if (sniffed.format == ImageFormat::kJpeg) return PeekJpeg(bytes);
  if (sniffed.format == ImageFormat::kPng) return PeekPng(bytes);
  if (sniffed.format == ImageFormat::kWebp) return PeekWebp(bytes);
  if (sniffed.format == ImageFormat::kGif) return PeekGif(bytes);
  if (sniffed.format == ImageFormat::kAvif) return PeekAvif(bytes);
  ImageHeader header;
  header.format = sniffed.format;
  return header;
}

}  // namespace thumbmill
