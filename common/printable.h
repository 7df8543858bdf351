// common/printable.h: makes foreign text safe to show: file names, URLs, and
// texts from servers, libraries and workers.
//
// Control characters can command a terminal. Invisible characters, and those
// that reverse the direction of a line, can deceive a reader. A line end within
// a text can forge a line of a log.
//
// Pure  no locale: UTF-8 in, UTF-8 out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thumbmill {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;  // false: one byte that is not UTF-8
};

// Returns the first character of `text`, which must not be empty.
[[nodiscard]] Character DecodeCharacter(std::string_view text);

// Returns true for control and format characters and for line and paragraph
// separators (Unicode's categories Cc, Cf, Zl, Zp). None may reach a terminal.
[[nodiscard]] bool IsObeyed(char32_t code);

// Escapes text for people. An obeyed character becomes \t, \n, \r, \x1b, \u202e
// or \U000e0041, a byte that is not UTF-8 becomes \xff. All other text stays,
// also a backslash.
[[nodiscard]] std::string Printable(std::string_view text);

// Escapes text for scripts: the same, but doubles each backslash, so that a
// script can undo the escapes.
[[nodiscard]] std::string PrintableField(std::string_view text);

// Escapes text for the inside of a JSON string. An obeyed character becomes
// JSON's own escape, a byte that is not UTF-8 becomes the text \xff.
[[nodiscard]] std::string JsonText(std::string_view text);

}  // namespace thumbmill
