// coordinator/source/list_guess.h: tells what a file that was given as a list
// is instead: a web page, a workbook, a picture, text of another encoding.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

// Takes the beginning of the text, unpacked, and the list's format (txt, csv,
// tsv, jsonl). Returns what it looks like and what to do, such as "it looks
// like a web page (HTML); …"; empty: it may be a list.
[[nodiscard]] std::string WhyNoList(std::string_view head,
                                    std::string_view format);

// The bytes are of a picture, or of something unknown that is no text.
[[nodiscard]] bool LooksLikePicture(std::string_view head);

}  // namespace thumbmill
