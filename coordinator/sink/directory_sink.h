// coordinator/sink/directory_sink.h: writes thumbnails into a folder.
//
// Put() writes temporary files in <target>/.thumbmill/tmp, which is on the
// target's own device. Publish() makes a batch durable with one sync, renames
// the files to their names and syncs the folders. A reader never sees part of a
// file. The sink follows no link below the target, so it writes nothing outside
// the target.
//
// Owns     <target>/.thumbmill/target.lock: one run at a time.
// Runs in  Put(): a pool thread, so the pool must end before the sink does.
//          Publish(): the committer's thread.
// Errors   Prepare(): kUsage if another run holds the target; else kIo,
//          kDenied, kNoSpace. Put(): every failure is fatal, since it concerns
//          the target and not the item.
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
