// coordinator/source/safe_name.h: makes a name safe below a target.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

// Appends '%' and the two digits of a byte.
void AppendEscaped(char c, std::string* out);

// Escapes slashes. A stem or an extension comes from one part of a path, so a
// slash in it was percent-encoded and must not become a folder.
[[nodiscard]] std::string OnePart(std::string_view stem);

// Returns a name that is safe below a target: no "..", no control characters,
// no part above 255 bytes, no place in the state folder.
[[nodiscard]] std::string SafeName(std::string_view name);

}  // namespace thumbmill
