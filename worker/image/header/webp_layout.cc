#include "worker/image/header/webp_layout.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "worker/image/header/numbers.h"
#include "worker/image/header/walk_budget.h"

namespace thumbmill {
namespace {

constexpr std::size_t kRiffHeader = 12;
constexpr std::size_t kChunkHeader = 8;
constexpr std::size_t kFrameHeader = 16;  // header within an ANMF chunk
constexpr std::uint8_t kAnimationFlag = 0x02, kExifFlag = 0x08,
                       kAlphaFlag = 0x10, kIccFlag = 0x20;

std::uint32_t U24(ByteSpan bytes, std::size_t at) {
  return LittleU16(bytes, at) | static_cast<std::uint32_t>(bytes[at + 2]) << 16;
}

// Steps through the chunks. The last body is cut where the file ends.
class ChunkWalker {
 public:
  ChunkWalker(ByteSpan chunks, WalkBudget* budget)
      : rest_(chunks), budget_(budget) {}

  [[nodiscard]] bool Next() {
    if (rest_.size() < kChunkHeader || !budget_->Spend()) return false;
    type_ = AsText(rest_.first(4));
    start_ = rest_.data();
    const std::size_t size = LittleU32(rest_, 4);
    rest_ = rest_.subspan(kChunkHeader);
    body_ = rest_.first(std::min(size, rest_.size()));
    whole_ = body_.size() == size;
    rest_ = rest_.subspan(std::min(size + size % 2, rest_.size()));
    return true;
  }
  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] ByteSpan body() const { return body_; }
  // Returns the first byte of the chunk's header.
  [[nodiscard]] const std::uint8_t* start() const { return start_; }
  // Returns true if the body is not cut off.
  [[nodiscard]] bool whole() const { return whole_; }

 private:
  ByteSpan rest_;
  WalkBudget* budget_;
  std::string_view type_;
  ByteSpan body_;
  const std::uint8_t* start_ = nullptr;
  bool whole_ = false;
};

struct Bitstream {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool lossless = false;
  bool alpha = false;
};

// Reads a VP8 header: a frame tag, a start code, 14 bits for each side. Source:
// RFC 6386, 9.1.
Bitstream ReadLossy(ByteSpan body) {
  Bitstream stream;
  if (body.size() < 10) return stream;
  if (body[3] != 0x9D || body[4] != 0x01 || body[5] != 0x2A) return stream;
  stream.width = LittleU16(body, 6) & 0x3FFF;
  stream.height = LittleU16(body, 8) & 0x3FFF;
  return stream;
}

// Reads a VP8L header: a signature, 14 bits for each side minus one, alpha.
Bitstream ReadLossless(ByteSpan body) {
  Bitstream stream;
  stream.lossless = true;
  if (body.size() < 5 || body[0] != 0x2F) return stream;
  const std::uint32_t bits = LittleU32(body, 1);
  stream.width = (bits & 0x3FFF) + 1;
  stream.height = (bits >> 14 & 0x3FFF) + 1;
  stream.alpha = (bits >> 28 & 1) != 0;
  return stream;
}

void KeepBitstream(const Bitstream& stream, WebpLayout* layout) {
  layout->frame_width = stream.width;
  layout->frame_height = stream.height;
  layout->lossless = stream.lossless;
  layout->alpha |= stream.alpha;
  if (layout->width != 0) return;  // VP8X has given the canvas size
  layout->width = stream.width;
  layout->height = stream.height;
}

void ReadExtended(ByteSpan body, WebpLayout* layout) {
  if (body.size() < 10 || layout->width != 0) return;
  layout->animated = (body[0] & kAnimationFlag) != 0;
  layout->alpha = (body[0] & kAlphaFlag) != 0;
  layout->has_icc = (body[0] & kIccFlag) != 0;
  layout->has_exif = (body[0] & kExifFlag) != 0;
  layout->width = U24(body, 4) + 1;
  layout->height = U24(body, 7) + 1;
}

// Reads the first frame of an animation. Canvas that it leaves free is
// transparent: browsers ignore the background colour of the file.
void ReadFrame(ByteSpan body, WebpLayout* layout, WalkBudget* budget) {
  if (body.size() < kFrameHeader) return;
  layout->frame = body.subspan(kFrameHeader);
  layout->frame_x = 2 * U24(body, 0);
  layout->frame_y = 2 * U24(body, 3);
  layout->frame_width = U24(body, 6) + 1;
  layout->frame_height = U24(body, 9) + 1;
  layout->alpha |= !layout->covered();
  for (ChunkWalker chunk(layout->frame, budget); chunk.Next();) {
    layout->alpha |= chunk.type() == "ALPH";
    layout->lossless |= chunk.type() == "VP8L";
    if (chunk.type() == "VP8L")
      layout->alpha |= ReadLossless(chunk.body()).alpha;
  }
}

ByteSpan WithoutExifTag(ByteSpan body) {
  constexpr std::string_view kTag("Exif\0\0", 6);
  return AsText(body).starts_with(kTag) ? body.subspan(kTag.size()) : body;
}

class LayoutReader {
 public:
  explicit LayoutReader(WalkBudget* budget) : budget_(budget) {}

  [[nodiscard]] WebpLayout Read(ByteSpan chunks) {
    for (ChunkWalker chunk(chunks, budget_); chunk.Next();) Keep(chunk);
    layout_.overlong = budget_->over();
    return layout_;
  }

 private:
  void Keep(const ChunkWalker& chunk) {
    const std::string_view type = chunk.type();
    const bool first = layout_.frame.empty();
    if (type == "VP8X") {
      ReadExtended(chunk.body(), &layout_);
    } else if (type == "ALPH" && first) {
      layout_.alpha = true;
      if (picture_ == nullptr) picture_ = chunk.start();
    } else if ((type == "VP8 " || type == "VP8L") && first &&
               !layout_.animated) {
      KeepPicture(chunk);
    } else if (type == "ANMF" && first && layout_.animated) {
      ReadFrame(chunk.body(), &layout_, budget_);
      layout_.frame_is_whole = chunk.whole();
    } else if (type == "ICCP" && layout_.has_icc && layout_.icc.empty()) {
      layout_.icc = chunk.body();
    } else if (type == "EXIF" && layout_.has_exif && layout_.exif.empty()) {
      layout_.exif = WithoutExifTag(chunk.body());
    }
  }
  // Keeps the picture, from its ALPH chunk on if there is one: that chunk comes
  // before the VP8 chunk.
  void KeepPicture(const ChunkWalker& chunk) {
    const bool lossless = chunk.type() == "VP8L";
    if (picture_ == nullptr || lossless) picture_ = chunk.start();
    layout_.frame = {picture_, chunk.body().data() + chunk.body().size()};
    layout_.frame_is_whole = chunk.whole();
    KeepBitstream(
        lossless ? ReadLossless(chunk.body()) : ReadLossy(chunk.body()),
        &layout_);
  }

  WalkBudget* budget_;
  WebpLayout layout_;
  const std::uint8_t* picture_ = nullptr;  // first byte of the picture's chunks
};

}  // namespace

// libwebp refuses a file whose length differs from the RIFF header. It gets
// only the chunks of the picture then.
WebpLayout WalkWebp(ByteSpan bytes) {
  if (bytes.size() < kRiffHeader || AsText(bytes.first(4)) != "RIFF" ||
      AsText(bytes.subspan(8, 4)) != "WEBP")
    return {};
  // The size in the RIFF header counts from its ninth byte.
  const std::size_t promised = std::size_t{LittleU32(bytes, 4)} + 8;
  const ByteSpan file =
      bytes.first(std::clamp(promised, kRiffHeader, bytes.size()));
  WalkBudget budget;
  WebpLayout layout = LayoutReader(&budget).Read(file.subspan(kRiffHeader));
  // Some writers give too small a size in the RIFF header: if the frame is cut
  // there, look for its end in the rest of the file.
  if (!layout.frame_is_whole && file.size() < bytes.size()) {
    layout = LayoutReader(&budget).Read(bytes.subspan(kRiffHeader));
    layout.wrong_size = layout.frame_is_whole;
  }
  // Some writers leave the padding byte at the end out.
  layout.ends = promised <= bytes.size() + 1;
  const bool fits = promised <= bytes.size() && !layout.wrong_size;
  if (fits && !layout.animated && !layout.frame.empty()) layout.frame = file;
  return layout;
}

std::optional<Sniffed> SniffWebp(ByteSpan bytes) {
  if (!StartsWith(bytes, "RIFF") || bytes.size() < 12 ||
      AsText(bytes.subspan(8, 4)) != "WEBP")
    return std::nullopt;
  return WorthOpening(ImageFormat::kWebp);
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

}  // namespace thumbmill
