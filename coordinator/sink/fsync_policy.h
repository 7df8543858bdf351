// coordinator/sink/fsync_policy.h: when a directory target syncs its files to
// disk, so that they survive a power cut.
#pragma once

namespace thumbmill {

enum class FsyncPolicy {
  kNever,  // no sync: the kernel decides when to write
  kBatch,  // one sync for each batch, before its files get their names
  kEach,   // one sync for each file
};

}  // namespace thumbmill
