// coordinator/source/list_guess.h: recognises files that are no list: a web
// page, a workbook, a picture, text in another encoding.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

// Takes the beginning of the unpacked text and the format of the list (txt,
// csv, tsv, jsonl). Returns the file's likely kind and advice, such as "it
// looks like JSON lines; give --input-format jsonl". Returns empty if the text
// may be a list.
[[nodiscard]] std::string WhyNoList(std::string_view head,
                                    std::string_view format);

// Returns true for the bytes of a picture, and for unknown bytes that are no
// text: an image decoder judges those.
[[nodiscard]] bool LooksLikePicture(std::string_view head);

}  // namespace thumbmill
