// coordinator/source/list_entry.h: makes an ImageRef from one entry of a list
// or from one file.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/source/source.h"

namespace thumbmill {

// Makes an item from an http(s) URL, a file:// URL or a path. Any other entry
// gets reason bad_line and a message that names its kind; a path that cannot be
// read gets reason read. Drops blanks around a URL.
[[nodiscard]] ImageRef FromListEntry(std::string_view entry, Origin origin);

// Makes an item from a local file. `name` gives the parts for the names of its
// thumbnails.
[[nodiscard]] ImageRef FromPath(const std::string& path, std::string_view name,
                                Origin origin);

// Returns a key of bounded length for a line that names no image: the line
// itself, or its beginning and its hash.
[[nodiscard]] std::string Identity(std::string_view line);

// Returns the beginning of a text for a message, without control characters.
[[nodiscard]] std::string Excerpt(std::string_view text);

}  // namespace thumbmill
