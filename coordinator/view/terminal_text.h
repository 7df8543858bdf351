// coordinator/view/terminal_text.h: fits text into the cells of a terminal:
// measures it, cuts it, and replaces characters that would control the
// terminal.
//
// Names from a list or a server may hold any bytes: escape sequences would move
// the cursor, and bidirectional marks would reverse a line.
//
// Pure     no locale: UTF-8 in, UTF-8 out. The widths are those of wcwidth()
//          for common scripts; those of rare scripts may be wrong by a cell.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thumbmill {

// Replaces control characters, bidirectional marks and bytes that are not UTF-8
// by '?', and tabs by spaces.
[[nodiscard]] std::string MakePrintable(std::string_view text);

// Returns the cells that printable text takes: 2 for an East Asian wide
// character, 0 for a combining one, 1 for others.
[[nodiscard]] std::size_t CellsOf(std::string_view text);

// Returns the longest beginning that takes at most `cells` cells. Never splits
// a character, and keeps its combining characters with it.
[[nodiscard]] std::string_view CutToCells(std::string_view text,
                                          std::size_t cells);

// Shortens printable text in the middle: "photos.…ple.org". The two ends of a
// host or file name say most.
[[nodiscard]] std::string ShortenToCells(std::string_view text,
                                         std::size_t cells);

}  // namespace thumbmill
