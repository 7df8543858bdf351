#include "worker/image/header/gif_layout.h"

#include <algorithm>
#include <cstddef>

#include "worker/image/header/numbers.h"
#include "worker/image/header/walk_budget.h"

namespace thumbmill {
namespace {

constexpr std::size_t kScreenHeader = 13;  // signature and screen descriptor
constexpr std::uint8_t kExtension = 0x21, kPicture = 0x2C, kTrailer = 0x3B,
                       kGraphicControl = 0xF9;

// A table has three bytes for each of 2^(n + 1) colours; n is in the low bits
// of `flags`.
std::size_t ColourTableBytes(std::uint8_t flags) {
  return (flags & 0x80) != 0 ? std::size_t{6} << (flags & 7) : 0;
}

class GifWalker {
 public:
  explicit GifWalker(ByteSpan bytes) : bytes_(bytes) {}

  [[nodiscard]] GifLayout Walk();

 private:
  [[nodiscard]] bool Has(std::size_t count) const {
    return bytes_.size() - at_ >= count;
  }
  void Skip(std::size_t count) { at_ += std::min(count, bytes_.size() - at_); }
  void ReadExtension();
  void ReadPicture();

  ByteSpan bytes_;
  std::size_t at_ = 0;
  WalkBudget budget_;
  GifLayout layout_;
};

// Skips an extension: blocks of up to 255 bytes, each after its length; a
// length of 0 ends them. Keeps the transparent index of a graphic control
// extension.
void GifWalker::ReadExtension() {
  const std::uint8_t label = Has(1) ? bytes_[at_] : 0;
  Skip(1);
  for (bool first = true; Has(1) && budget_.Spend(); first = false) {
    const std::size_t size = bytes_[at_];
    Skip(1);
    if (size == 0) return;
    const bool control =
        first && label == kGraphicControl && size >= 4 && Has(size);
    if (control)
      layout_.transparent = (bytes_[at_] & 1) != 0 ? bytes_[at_ + 3] : -1;
    Skip(size);
  }
}

void GifWalker::ReadPicture() {
  if (!Has(9)) return;
  layout_.has_frame = true;
  layout_.frame_x = LittleU16(bytes_, at_);
  layout_.frame_y = LittleU16(bytes_, at_ + 2);
  layout_.frame_width = LittleU16(bytes_, at_ + 4);
  layout_.frame_height = LittleU16(bytes_, at_ + 6);
  const std::uint8_t flags = bytes_[at_ + 8];
  layout_.interlaced = (flags & 0x40) != 0;
  Skip(9);
  Skip(ColourTableBytes(flags));
  layout_.data_bytes = bytes_.size() - at_;
  // A screen that is too small grows to hold the picture.
  layout_.width =
      std::max(layout_.width, layout_.frame_x + layout_.frame_width);
  layout_.height =
      std::max(layout_.height, layout_.frame_y + layout_.frame_height);
}

GifLayout GifWalker::Walk() {
  if (!Has(kScreenHeader)) return layout_;
  layout_.width = LittleU16(bytes_, 6);
  layout_.height = LittleU16(bytes_, 8);
  const std::uint8_t flags = bytes_[10];
  Skip(kScreenHeader);
  Skip(ColourTableBytes(flags));
  while (Has(1) && budget_.Spend()) {
    const std::uint8_t kind = bytes_[at_];
    Skip(1);
    if (kind == kExtension) {
      ReadExtension();
      continue;
    }
    layout_.ends = kind == kTrailer;
    if (kind == kPicture) ReadPicture();
    break;
  }
  layout_.overlong = budget_.over();
  return layout_;
}

}  // namespace

GifLayout WalkGif(ByteSpan bytes) { return GifWalker(bytes).Walk(); }

std::optional<Sniffed> SniffGif(ByteSpan bytes) {
  if (!StartsWith(bytes, "GIF87a") && !StartsWith(bytes, "GIF89a"))
    return std::nullopt;
  return WorthOpening(ImageFormat::kGif);
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

}  // namespace thumbmill
