// coordinator/source/list_entry.h: one entry of a list, or one file, as an
// ImageRef.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/source/source.h"

namespace thumbmill {

// A URL, a file:// URL or a path. What is none of them gets reason bad_line and
// a message that says what it is; a path that cannot be read gets reason read.
// Blanks around a URL are dropped.
[[nodiscard]] ImageRef FromListEntry(std::string_view entry, Origin origin);

// A local file; `name` gives the parts of its thumbnails' names.
[[nodiscard]] ImageRef FromPath(const std::string& path, std::string_view name,
                                Origin origin);

// What tells a line that names no image from others: the line itself, or its
// beginning and its hash. Bounded.
[[nodiscard]] std::string Identity(std::string_view line);

// Bounded and printable, for messages.
[[nodiscard]] std::string Excerpt(std::string_view text);

}  // namespace thumbmill
