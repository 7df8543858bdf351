// common/path_walk.h: resolves a path that the user typed, part by part, for
// own_files.h.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/own_files.h"
#include "common/result.h"

namespace thumbmill {

// Does the work of FindPlace().
[[nodiscard]] Result<Place> WalkPath(const std::string& path, bool make);

// Returns the parts of a path in reverse order: a walk takes the next part from
// the end and pushes the parts of a link there.
std::vector<std::string> PartsBackwards(std::string_view path);

// Returns true for this user and for root.
bool IsTrusted(uid_t owner);
// Names a user in an error.
std::string UserText(uid_t user);

}  // namespace thumbmill
