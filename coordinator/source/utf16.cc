#include "coordinator/source/utf16.h"

namespace thumbmill {
namespace {

void AppendUtf8(char32_t code, std::string* out) {
  const auto put = [out](char32_t byte) {
    out->push_back(static_cast<char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

constexpr char32_t kReplacement = 0xFFFD;

bool IsHigh(char32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLow(char32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

std::size_t FromUtf16(std::string_view text, bool big, bool ended,
                      std::string* out) {
  const auto unit_at = [&](std::size_t at) -> char32_t {
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    return big ? first << 8 | second : second << 8 | first;
  };
  std::size_t at = 0;
  while (at + 2 <= text.size()) {
    const char32_t unit = unit_at(at);
    const bool pair_may_follow = IsHigh(unit) && at + 4 > text.size();
    if (pair_may_follow && !ended) return at;
    if (IsHigh(unit) && at + 4 <= text.size() && IsLow(unit_at(at + 2))) {
      AppendUtf8(0x10000 + ((unit - 0xD800) << 10) + unit_at(at + 2) - 0xDC00,
                 out);
      at += 4;
      continue;
    }
    AppendUtf8(IsHigh(unit) || IsLow(unit) ? kReplacement : unit, out);
    at += 2;
  }
  if (!ended || at == text.size()) return at;
  AppendUtf8(kReplacement, out);  // half a character
  return text.size();
}

}  // namespace thumbmill
