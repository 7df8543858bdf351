#include "worker/image/header/sniff.h"

#include <algorithm>

#include "worker/image/header/numbers.h"

namespace thumbmill {
namespace {

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

}  // namespace

std::optional<Sniffed> SniffForeign(ByteSpan bytes) {
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
  if (IsSvg(bytes)) return Unsupported("SVG is not supported");
  return std::nullopt;
}

}  // namespace thumbmill
