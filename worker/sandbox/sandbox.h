// worker/sandbox/sandbox.h: limits a worker to memory, its socket and the time.
// It gets no file, no new process, no new connection.
//
// The wall is a seccomp filter: a violation in any thread ends the process with
// SIGSYS. Behind it stand, if kernel and user allow them, namespaces, Landlock
// and the loss of all capabilities. A machine without these is no failure.
//
// There are two steps: the first needs a process of one thread, and the second
// would prevent the connection to the coordinator. See namespaces.h.
//
// Errors   kUnavailable: a seccomp filter is not possible. missing() names the
//          additions that are missing.
#pragma once

#include <string>

#include "common/result.h"
#include "proto/worker_args.h"

namespace thumbmill {

class Sandbox {
 public:
  // Makes a sandbox that does nothing if `mode` is kOff.
  explicit Sandbox(SandboxMode mode) : mode_(mode) {}

  // Call while the process has one thread, after everything that needs a path.
  // Open descriptors stay usable, and so does a connection that is made next.
  void Prepare();
  // Call when the connection stands, before the first byte of an image is read.
  [[nodiscard]] Status Close();

  // Returns "unshare: Operation not permitted; …"; empty if nothing is missing.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void Add(const Status& addition);

  SandboxMode mode_;
  std::string missing_;
};

}  // namespace thumbmill
