// common/printable.h: foreign text that may be shown: names of files, URLs,
// what servers, libraries and workers say.
//
// A terminal obeys control characters, a reader is deceived by characters that
// turn the direction of a line or that cannot be seen, and a line end within a
// text forges a line of a log.
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
  bool valid = false;  // false: a byte that is no UTF-8
};

// The first character of `text`, which is not empty.
[[nodiscard]] Character DecodeCharacter(std::string_view text);

// Control and format characters, line and paragraph separators (Unicode's
// categories Cc, Cf, Zl, Zp): nothing of them may reach a terminal.
[[nodiscard]] bool IsObeyed(char32_t code);

// Such a character becomes \t, \n, \r, \x1b, \u202e or \U000e0041, a byte that
// is no UTF-8 \xff; all other text stays. A backslash stays too: for people.
[[nodiscard]] std::string Printable(std::string_view text);

// The same, and a backslash is doubled: for scripts, which can undo it.
[[nodiscard]] std::string PrintableField(std::string_view text);

// Between the quotation marks of a JSON string. An obeyed character becomes
// JSON's own escape, a byte that is no UTF-8 the text \xff.
[[nodiscard]] std::string JsonText(std::string_view text);

}  // namespace thumbmill
