// coordinator/source/utf16.h: converts UTF-16 to UTF-8, piece by piece.
//
// Errors  a unit that is half of no pair becomes U+FFFD; nothing fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thumbmill {

// Appends the whole characters of `text` as UTF-8. Returns how many bytes of
// `text` it converted: a rest of up to 3 bytes may need the next piece. If the
// text has `ended`, half a character at its end becomes U+FFFD.
[[nodiscard]] std::size_t FromUtf16(std::string_view text, bool big, bool ended,
                                    std::string* out);

}  // namespace thumbmill
