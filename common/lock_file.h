// common/lock_file.h: a file that says who works on something, and holds it.
//
// The lock is the kernel's (flock): it ends with the process. The text in the
// file, host and process, is for people only.
#pragma once

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

// `folder` is a private one (common/own_files.h), `shown` the file's path and
// `does` what the holder does, for errors: "works on state". Fails with kUsage
// if another process holds it.
[[nodiscard]] Result<UniqueFd> TakeLock(int folder, const std::string& name,
                                        const std::string& shown,
                                        const std::string& does);

}  // namespace thumbmill
