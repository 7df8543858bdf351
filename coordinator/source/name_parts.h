// coordinator/source/name_parts.h: takes the name of a source apart, and writes
// names in the forms that lists and records can hold.
//
// Contract docs/cli.md, "Names of outputs".
#pragma once

#include <string>
#include <string_view>

#include "coordinator/source/source.h"

namespace thumbmill {

// Fills host, dir, stem, srcext and has_query from a URL, or from a path
// relative to its root.
void FillNameParts(ImageRef* ref, std::string_view url_or_relative_path);

// Returns the key that tells two sources apart: the canonical URL or the path.
[[nodiscard]] std::string SourceKey(const ImageRef& ref);

// Returns a source in a form that a list can hold: the URI itself, or a
// percent-encoded file:// URL for a path that is not UTF-8 or that a list would
// read differently (with a line break, or with '#' first).
[[nodiscard]] std::string ListableUri(const std::string& uri);

// Returns the path from '/' on, without "." and empty parts. Keeps "..", which
// may follow a link.
[[nodiscard]] std::string AbsolutePath(std::string_view path);

// Converts a part of a name (host, dir, stem, srcext) for JSON and back. A part
// that is not UTF-8 becomes a mark and the percent-encoded bytes.
[[nodiscard]] std::string RecordPart(const std::string& part);
[[nodiscard]] std::string PartFromRecord(std::string_view text);

}  // namespace thumbmill
