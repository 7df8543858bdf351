// coordinator/view/console.h: text for people, on stderr or stdout.
//
// Errors   What cannot be written is lost: that a terminal was closed, or that
//          the disk behind a redirection is full, ends no run. fmt::print()
//          would throw.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace thumbmill {

template <typename... Values>
void Say(std::FILE* out, fmt::format_string<Values...> format,
         Values&&... values) {
  const std::string text = fmt::format(format, std::forward<Values>(values)...);
  (void)std::fwrite(text.data(), 1, text.size(), out);
}

}  // namespace thumbmill
