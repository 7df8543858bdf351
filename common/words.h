// common/words.h: words of a command line: spelling of flags, comma lists, and
// the known word that a typed one was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thumbmill {

// Writes a long flag with hyphens: "--url_list=x_y" becomes "--url-list=x_y".
// Leaves every other argument as it is.
[[nodiscard]] std::string NormaliseFlag(std::string argument);

// Splits "a,b" into its parts, and drops empty ones.
[[nodiscard]] std::vector<std::string> SplitCommas(std::string_view text);

// Returns the word of `known` that needs the fewest edits (a letter more, less
// or other, two letters swapped) to become `word`. Returns empty if even that
// one differs too much to be meant.
[[nodiscard]] std::string NearestWord(std::string_view word,
                                      std::span<const std::string> known);

}  // namespace thumbmill
