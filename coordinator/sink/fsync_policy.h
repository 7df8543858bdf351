// coordinator/sink/fsync_policy.h: how a directory target survives a power cut.
#pragma once

namespace thumbmill {

enum class FsyncPolicy {
  kNever,  // the kernel writes when it likes
  kBatch,  // one sync for each batch, before its files get their names
  kEach,   // one sync for each file
};

}  // namespace thumbmill
