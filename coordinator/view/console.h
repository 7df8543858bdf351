// coordinator/view/console.h: prints text for people to stderr or stdout.
//
// Errors   ignored: if the terminal was closed, or the disk of a redirection is
//          full, the text is lost and the run goes on. fmt::print() would
//          throw.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace thumbmill {

template <typename... Values>
void Print(std::FILE* out, fmt::format_string<Values...> format,
           Values&&... values) {
  const std::string text = fmt::format(format, std::forward<Values>(values)...);
  (void)std::fwrite(text.data(), 1, text.size(), out);
}

}  // namespace thumbmill
