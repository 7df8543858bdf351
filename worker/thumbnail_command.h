// worker/thumbnail_command.h: `worker thumbnail IN OUT …`, for people: to try a
// recipe, to look into an image that failed.
#pragma once

#include <string>
#include <vector>

namespace thumbmill {

// Exit code: 0 done, 1 usage, 2 the image failed (its reason is on stderr).
[[nodiscard]] int RunPersonsCommand(const std::vector<std::string>& arguments);

}  // namespace thumbmill
