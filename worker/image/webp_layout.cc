#include "worker/image/webp_layout.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "worker/image/walk_budget.h"

namespace thumbmill {
namespace {

constexpr std::size_t kRiffHeader = 12;
constexpr std::size_t kChunkHeader = 8;
constexpr std::size_t kFrameHeader = 16;  // of ANMF
constexpr std::uint8_t kAnimationFlag = 0x02, kAlphaFlag = 0x10;

std::uint32_t U16(ByteSpan bytes, std::size_t at) {
  return bytes[at] | static_cast<std::uint32_t>(bytes[at + 1]) << 8;
}

std::uint32_t U24(ByteSpan bytes, std::size_t at) {
  return U16(bytes, at) | static_cast<std::uint32_t>(bytes[at + 2]) << 16;
}

std::uint32_t U32(ByteSpan bytes, std::size_t at) {
  return U16(bytes, at) | U16(bytes, at + 2) << 16;
}

// A chunk's body is cut where the file ends.
class ChunkWalker {
 public:
  ChunkWalker(ByteSpan chunks, WalkBudget* budget)
      : rest_(chunks), budget_(budget) {}

  [[nodiscard]] bool Next() {
    if (rest_.size() < kChunkHeader || !budget_->Spend()) return false;
    type_ = AsText(rest_.first(4));
    const std::size_t size = U32(rest_, 4);
    rest_ = rest_.subspan(kChunkHeader);
    body_ = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(std::min(size + size % 2, rest_.size()));
    return true;
  }
  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] ByteSpan body() const { return body_; }

 private:
  ByteSpan rest_;
  WalkBudget* budget_;
  std::string_view type_;
  ByteSpan body_;
};

struct Bitstream {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool lossless = false;
  bool alpha = false;
};

// RFC 6386, 9.1: a frame tag, a start code, 14 bits a side.
Bitstream ReadLossy(ByteSpan body) {
  Bitstream stream;
  if (body.size() < 10) return stream;
  if (body[3] != 0x9D || body[4] != 0x01 || body[5] != 0x2A) return stream;
  stream.width = U16(body, 6) & 0x3FFF;
  stream.height = U16(body, 8) & 0x3FFF;
  return stream;
}

// A signature, 14 bits a side less one, alpha.
Bitstream ReadLossless(ByteSpan body) {
  Bitstream stream;
  stream.lossless = true;
  if (body.size() < 5 || body[0] != 0x2F) return stream;
  const std::uint32_t bits = U32(body, 1);
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
  if (layout->width != 0) return;  // VP8X has said it
  layout->width = stream.width;
  layout->height = stream.height;
}

void ReadExtended(ByteSpan body, WebpLayout* layout) {
  if (body.size() < 10 || layout->width != 0) return;
  layout->animated = (body[0] & kAnimationFlag) != 0;
  layout->alpha = (body[0] & kAlphaFlag) != 0;
  layout->width = U24(body, 4) + 1;
  layout->height = U24(body, 7) + 1;
}

// The first frame of an animation. Where it leaves canvas free, that is
// transparent: browsers ignore the background that the file asks for.
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

void KeepChunk(const ChunkWalker& chunk, ByteSpan file, WebpLayout* layout,
               WalkBudget* budget) {
  const std::string_view type = chunk.type();
  const bool first = layout->frame.empty();
  if (type == "VP8X") {
    ReadExtended(chunk.body(), layout);
  } else if (type == "ALPH" && first) {
    layout->alpha = true;
  } else if ((type == "VP8 " || type == "VP8L") && first && !layout->animated) {
    layout->frame = file;
    KeepBitstream(
        type == "VP8L" ? ReadLossless(chunk.body()) : ReadLossy(chunk.body()),
        layout);
  } else if (type == "ANMF" && first && layout->animated) {
    ReadFrame(chunk.body(), layout, budget);
  } else if (type == "ICCP" && layout->icc.empty()) {
    layout->icc = chunk.body();
  } else if (type == "EXIF" && layout->exif.empty()) {
    layout->exif = WithoutExifTag(chunk.body());
  }
}

}  // namespace

WebpLayout WalkWebp(ByteSpan bytes) {
  WebpLayout layout;
  if (bytes.size() < kRiffHeader || AsText(bytes.first(4)) != "RIFF" ||
      AsText(bytes.subspan(8, 4)) != "WEBP")
    return layout;
  const std::size_t promised = std::size_t{U32(bytes, 4)} + 8;
  layout.ends = promised <= bytes.size() + 1;  // some leave the padding out
  const ByteSpan file = bytes.first(std::min(promised, bytes.size()));
  if (file.size() < kRiffHeader) return layout;
  WalkBudget budget;
  for (ChunkWalker chunk(file.subspan(kRiffHeader), &budget); chunk.Next();)
    KeepChunk(chunk, file, &layout, &budget);
  layout.overlong = budget.over();
  return layout;
}

}  // namespace thumbmill
