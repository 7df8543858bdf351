// worker/thumbnail_command.h: `worker thumbnail IN OUT …`, for people who try a
// recipe or look into an image that failed.
#pragma once

#include <string>
#include <vector>

namespace thumbmill {

// Returns the exit code: 0 if it is done, 1 for wrong usage, 2 if the image
// failed (the reason is on stderr).
[[nodiscard]] int RunThumbnailCommand(
    const std::vector<std::string>& arguments);

}  // namespace thumbmill
