// worker/sandbox/sandbox.h: what a worker may still ask of the kernel: memory,
// its socket, the time. No file, no new process, no new connection.
//
// The wall is a seccomp filter: a violation ends the process with SIGSYS, in
// whichever thread. Behind it stand, where kernel and user allow, namespaces,
// Landlock and the loss of all capabilities; a machine without them is no
// failure.
//
// Two steps, since each needs what the other takes away: see namespaces.h.
//
// Errors   kUnavailable: no seccomp filter is to be had. Of additions that are
//          missing, missing() tells.
#pragma once

#include <string>

#include "common/result.h"
#include "proto/worker_args.h"

namespace thumbmill {

class Sandbox {
 public:
  // kOff: does nothing.
  explicit Sandbox(SandboxMode mode) : mode_(mode) {}

  // While the process has one thread, and everything that needs a path was
  // done. What it has open, and what it connects to next, stay usable.
  void Prepare();
  // When the connection stands, before the first byte of an image is read.
  [[nodiscard]] Status Close();

  // "unshare: Operation not permitted; …"; empty: nothing.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void Add(const Status& addition);

  SandboxMode mode_;
  std::string missing_;
};

}  // namespace thumbmill
