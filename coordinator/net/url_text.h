// coordinator/net/url_text.h: classes of characters and splits, for the files
// that parse URLs. The C library's functions would depend on the locale.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace thumbmill::url_text {

using Pieces = std::pair<std::string_view, std::string_view>;

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline bool IsAlnum(char c) { return IsDigit(c) || IsAlpha(c); }
inline bool IsUnreserved(char c) {
  return IsAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
inline char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return Lower(c); });
  return out;
}
inline bool IsControl(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte < 0x20 || byte == 0x7f;
}
inline bool IsBlank(char c) { return c == ' ' || IsControl(c); }
inline bool IsAscii(char c) { return static_cast<std::uint8_t>(c) < 0x80; }

// Splits the text before the first of `marks`. The second piece starts with the
// mark.
inline Pieces SplitBefore(std::string_view text, std::string_view marks) {
  const std::size_t at = std::min(text.find_first_of(marks), text.size());
  return {text.substr(0, at), text.substr(at)};
}

// Splits the text at the first `mark` and drops the mark.
inline Pieces SplitAt(std::string_view text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace thumbmill::url_text
