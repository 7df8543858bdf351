#include "worker/image/header/png_layout.h"

#include <functional>
#include <numeric>

#include "worker/image/header/numbers.h"
#include "worker/image/header/walk_budget.h"

namespace thumbmill {
namespace {

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);
// Estimated ratio of a profile's size to its deflated size. Colour tables
// shrink to about a half, other profiles less.
constexpr std::uint64_t kInflation = 4;

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

}  // namespace

std::optional<Sniffed> SniffPng(ByteSpan bytes) {
  if (StartsWith(bytes, kPngSignature)) return WorthOpening(ImageFormat::kPng);
  if (bytes.size() >= 4 && bytes.size() < 8 &&
      kPngSignature.starts_with(AsText(bytes)))
    return Sniffed{ImageFormat::kPng, Reason::kTruncated,
                   "a PNG of a few bytes"};
  if (IsSpoiltPng(bytes))
    return Sniffed{ImageFormat::kPng, Reason::kCorrupt,
                   "damaged PNG signature"};
  return std::nullopt;
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
  if (BigU32(bytes, 8) != 13 || AsText(bytes.subspan(12, 4)) != "IHDR")
    return std::nullopt;
  constexpr std::uint32_t kMaxSide = 0x7FFFFFFF;
  PngHeader header;
  header.width = BigU32(bytes, 16);
  header.height = BigU32(bytes, 20);
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
    const std::size_t length = BigU32(bytes, at);
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

}  // namespace thumbmill
