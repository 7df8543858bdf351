// coordinator/sink/directory_sink.h: thumbnails into a folder.
//
// Put() writes temporary files in <target>/.thumbmill/tmp, so on the target's
// own device; Publish() makes a batch durable with one sync, renames the files
// to their names and syncs the folders. A reader never sees part of a file.
// No link below the target is followed, so nothing lands outside of it.
//
// Owns     <target>/.thumbmill/target.lock: one run at a time.
// Runs in  Put(): a pool thread, so the pool must end before the sink does;
//          Publish(): the committer's thread.
// Errors   Prepare(): kUsage when another run holds the target; else kIo,
//          kDenied, kNoSpace. Put(): every failure is the target's: fatal.
#pragma once

#include <memory>
#include <string>

#include "coordinator/sink/fsync_policy.h"
#include "coordinator/sink/sink.h"

namespace thumbmill {

class EventLoop;
class IoPool;

struct DirectorySinkOptions {
  std::string target;
  FsyncPolicy fsync = FsyncPolicy::kBatch;
};

[[nodiscard]] std::unique_ptr<Sink> MakeDirectorySink(
    EventLoop* loop, IoPool* pool, const DirectorySinkOptions& options);

}  // namespace thumbmill
