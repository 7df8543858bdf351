// coordinator/sink/target.h: the kinds of targets, one row a kind.
//
// A new kind of target is a row in target.cc and the files of its sink. Nothing
// outside this folder asks for the kind: what a run must know before it opens
// the target is in TargetFacts.
//
// Errors   kUsage if the text names no target.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/fsync_policy.h"
#include "coordinator/sink/sink.h"

namespace thumbmill {

class EventLoop;
class IoPool;

struct SinkSpec {
  std::string target;  // as typed
  FsyncPolicy fsync = FsyncPolicy::kBatch;
  TransferOptions transfer;    // timeouts and trust, for a server
  RequestHeaders put_headers;  // sent to a server
  std::size_t uploads = 0;     // most requests at once to a server
};

struct TargetFacts {
  const char* kind = "directory";  // for errors
  std::string shown;               // the target without its secrets
  std::string host;                // of a server, else empty
  std::string folder;              // of the outputs on this machine, or empty
  // Whether a run keeps records of its items, and the folder for them if the
  // user names none. Empty: the user must name one.
  bool keeps_state = true;
  std::string default_state;
  std::uint64_t descriptors = 0;  // more open files than an idle run has
};

[[nodiscard]] Result<TargetFacts> DescribeTarget(const SinkSpec& spec);
// Opens the target. Call Prepare() before the first Put(). `loop` and `pool`
// must outlive the sink.
[[nodiscard]] Result<std::unique_ptr<Sink>> OpenSink(const SinkSpec& spec,
                                                     EventLoop* loop,
                                                     IoPool* pool);

}  // namespace thumbmill
