#include "worker/image/header/jpeg_layout.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "worker/image/header/icc_pieces.h"
#include "worker/image/header/numbers.h"
#include "worker/image/header/walk_budget.h"

namespace thumbmill {
namespace {

constexpr std::string_view kExifTag("Exif\0", 5);  // one padding byte follows

constexpr std::uint8_t kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kDri = 0xDD,
                       kDht = 0xC4, kDqt = 0xDB, kDnl = 0xDC, kTem = 0x01,
                       kApp1 = 0xE1, kApp2 = 0xE2;

bool IsRestart(std::uint8_t marker) { return marker >= 0xD0 && marker <= 0xD7; }

// Returns true for the markers SOF0..SOF15. C4 (Huffman tables), C8 (reserved)
// and CC (arithmetic tables) lie among them but start no frame.
bool IsFrame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
         marker != 0xCC;
}

// A segment, or a marker that stands alone.
struct JpegSegment {
  std::uint8_t marker = 0;
  std::size_t start = 0;  // offset of the marker
  ByteSpan body;          // bytes after the length, cut where the file ends
};

// Steps through the segments of a JPEG.
class JpegWalker {
 public:
  // `budget` bounds the walk; null if its time needs no bound.
  JpegWalker(ByteSpan bytes, std::size_t at, WalkBudget* budget = nullptr)
      : bytes_(bytes), at_(at), budget_(budget) {}

  // Returns the next segment, or empty at the end of the bytes or of the
  // budget. Skips markers that may stand between any two bytes.
  std::optional<JpegSegment> Next() {
    while (const std::uint8_t marker = NextMarker()) {
      if (IsRestart(marker) || marker == kTem) continue;
      JpegSegment segment{marker, at_ - 2, {}};
      if (marker != kSoi && marker != kEoi) segment.body = ReadBody();
      return segment;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t at() const { return at_; }

 private:
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
  ByteSpan ReadBody() {
    if (bytes_.size() - at_ < 2) {
      at_ = bytes_.size();
      return {};
    }
    const std::size_t length = std::max<std::size_t>(BigU16(bytes_, at_), 2);
    const std::size_t size = std::min(length, bytes_.size() - at_);
    const ByteSpan segment = bytes_.subspan(at_ + 2, size - 2);
    at_ += size;
    return segment;
  }

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
  frame.height = static_cast<std::uint16_t>(BigU16(segment, 1));
  frame.width = static_cast<std::uint16_t>(BigU16(segment, 3));
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
    layout->restart_interval = static_cast<std::uint16_t>(BigU16(segment, 0));
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
  while (const auto segment = walker.Next()) {
    const ByteSpan body = segment->body;
    if (segment->marker == kEoi || segment->marker == kSoi) return;
    if (segment->marker == kSos) {
      layout->first_scan = segment->start;
      layout->scan_components = body.empty() ? 0 : body[0];
      return;
    }
    KeepSegment(segment->marker, body, icc, layout);
  }
  layout->overlong = budget.over();
}

}  // namespace

std::optional<Sniffed> SniffJpeg(ByteSpan bytes) {
  if (!StartsWith(bytes, "\xFF\xD8")) return std::nullopt;
  if (bytes.size() == 2)
    return Sniffed{ImageFormat::kJpeg, Reason::kTruncated,
                   "a JPEG of two bytes"};
  return WorthOpening(ImageFormat::kJpeg);
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
  while (const auto segment = walker.Next()) {
    const ByteSpan body = segment->body;
    const std::uint8_t marker = segment->marker;
    found.ends = marker == kEoi;
    if (found.ends) break;
    if (marker == kSoi) continue;
    // The first marker after a scan that is no restart marker ends its data.
    if (!found.scans.empty() && found.scans.back().data_end == 0)
      found.scans.back().data_end = segment->start;
    if (marker == kDht) KeepTables(body, &tables);
    if (marker == kDqt) found.changes_steps = true;
    if (marker == kDnl) found.has_line_count = true;
    if (marker == kDri && body.size() >= 2)
      restart_interval = static_cast<std::uint16_t>(BigU16(body, 0));
    if (marker != kSos) continue;
    JpegScan& scan = found.scans.emplace_back(ReadScan(body));
    scan.data = walker.at();
    scan.restart_interval = restart_interval;
    scan.dc_specs = tables.dc_specs;
    scan.ac_specs = tables.ac_specs;
    if (found.scans.size() > limit) break;
  }
  if (!found.scans.empty() && found.scans.back().data_end == 0)
    found.scans.back().data_end = walker.at() - (found.ends ? 2 : 0);
  return found;
}

}  // namespace thumbmill
