// coordinator/view/terminal_text.h: text that a terminal shows as it was meant:
// how many cells it takes, where it may be cut, and nothing in it that is
// obeyed.
//
// The names that a list or a server gives may hold anything: escape sequences
// would move the cursor, bidirectional marks would turn a line around.
//
// Pure     no locale: UTF-8 in, UTF-8 out. Widths as wcwidth() has them for
//          common scripts; rare ones may be off by a cell.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thumbmill {

// Control characters, bidirectional marks and bytes that are no UTF-8 become
// '?', tabs become spaces.
[[nodiscard]] std::string MakePrintable(std::string_view text);

// Cells that printable text takes: 2 for East Asian wide characters, 0 for
// combining ones.
[[nodiscard]] std::size_t CellsOf(std::string_view text);

// The longest beginning of at most `cells` cells; never a part of a character,
// nor a character without its combining ones where both fit.
[[nodiscard]] std::string_view CutToCells(std::string_view text,
                                          std::size_t cells);

// Of printable text that is too long the middle goes: "photos.…ple.org". A
// host's or a file's two ends say most.
[[nodiscard]] std::string ShortenToCells(std::string_view text,
                                         std::size_t cells);

}  // namespace thumbmill
