#include "common/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace thumbmill {
namespace {

struct Range {
  char32_t first, last;
};

// The obeyed characters of Unicode 15. Sorted, for the binary search in
// IsObeyed().
constexpr std::array kObeyed = {
    Range{0, 0x1F},          Range{0x7F, 0x9F},       Range{0xAD, 0xAD},
    Range{0x600, 0x605},     Range{0x61C, 0x61C},     Range{0x6DD, 0x6DD},
    Range{0x70F, 0x70F},     Range{0x890, 0x891},     Range{0x8E2, 0x8E2},
    Range{0x180E, 0x180E},   Range{0x200B, 0x200F},   Range{0x2028, 0x202E},
    Range{0x2060, 0x206F},   Range{0xFEFF, 0xFEFF},   Range{0xFFF9, 0xFFFB},
    Range{0x110BD, 0x110BD}, Range{0x110CD, 0x110CD}, Range{0x13430, 0x1343F},
    Range{0x1BCA0, 0x1BCA3}, Range{0x1D173, 0x1D17A}, Range{0xE0000, 0xE007F}};

// Copies `text`. For each character, `escape` either appends an escape and
// returns true, or returns false to keep the character.
template <typename Escape>
std::string Escaped(std::string_view text, Escape escape) {
  std::string out;
  out.reserve(text.size() + 8);
  while (!text.empty()) {
    const Character character = DecodeCharacter(text);
    const std::string_view bytes = text.substr(0, character.bytes);
    if (!escape(character, bytes, &out)) out += bytes;
    text.remove_prefix(character.bytes);
  }
  return out;
}

void AppendByte(std::string_view byte, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "\\x{:02x}",
                 static_cast<std::uint8_t>(byte.front()));
}

bool EscapeForPeople(const Character& character, std::string_view bytes,
                     std::string* out) {
  const char32_t code = character.code;
  const auto number = static_cast<std::uint32_t>(code);
  if (character.valid && !IsObeyed(code)) return false;
  if (code == '\t' || code == '\n' || code == '\r') {
    *out += code == '\t' ? "\\t" : code == '\n' ? "\\n" : "\\r";
  } else if (!character.valid || code < 0x80) {
    AppendByte(bytes, out);
  } else if (code < 0x10000) {
    fmt::format_to(std::back_inserter(*out), "\\u{:04x}", number);
  } else {
    fmt::format_to(std::back_inserter(*out), "\\U{:08x}", number);
  }
  return true;
}

bool EscapeForJson(const Character& character, std::string_view bytes,
                   std::string* out) {
  const auto code = static_cast<std::uint32_t>(character.code);
  const auto unit = [out](std::uint32_t value) {
    fmt::format_to(std::back_inserter(*out), "\\u{:04x}", value);
  };
  if (!character.valid) {
    *out += '\\';
    AppendByte(bytes, out);
  } else if (code == '"' || code == '\\') {
    *out += '\\';
    *out += bytes;
  } else if (!IsObeyed(character.code)) {
    return false;
  } else if (code < 0x10000) {
    unit(code);
  } else {
    // JSON escapes are UTF-16: a surrogate pair.
    unit(0xD800 + ((code - 0x10000) >> 10));
    unit(0xDC00 + ((code - 0x10000) & 0x3FF));
  }
  return true;
}

}  // namespace

Character DecodeCharacter(std::string_view text) {
  const auto byte = [&text](std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
  };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0   ? 4
                             : first >= 0xE0 ? 3
                             : first >= 0xC2 ? 2
                                             : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) return {};
  char32_t code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  // Reject overlong forms: they would hide an obeyed character.
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[length] || surrogate || code > 0x10FFFF) return {};
  return {code, length, true};
}

bool IsObeyed(char32_t code) {
  const auto* const range =
      std::lower_bound(kObeyed.begin(), kObeyed.end(), code,
                       [](const Range& r, char32_t c) { return r.last < c; });
  return range != kObeyed.end() && code >= range->first;
}

std::string Printable(std::string_view text) {
  return Escaped(text, EscapeForPeople);
}

std::string PrintableField(std::string_view text) {
  return Escaped(text, [](const Character& character, std::string_view bytes,
                          std::string* out) {
    if (character.valid && character.code == '\\') {
      *out += "\\\\";
      return true;
    }
    return EscapeForPeople(character, bytes, out);
  });
}

std::string JsonText(std::string_view text) {
  return Escaped(text, EscapeForJson);
}

}  // namespace thumbmill
