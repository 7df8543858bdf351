// common/lock_file.h: a lock on a file that also names the holder.
//
// The kernel holds the lock (flock) and ends it with the process. The text in
// the file (host and process) is for people only.
#pragma once

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

// Locks the file `name` in `folder`, a private folder (common/own_files.h), and
// writes host and process to it. Errors show `shown`, the file's path, and
// `does`, the holder's work ("works on state"). Fails with kUsage if another
// process holds the lock.
[[nodiscard]] Result<UniqueFd> TakeLock(int folder, const std::string& name,
                                        const std::string& shown,
                                        const std::string& does);

}  // namespace thumbmill
