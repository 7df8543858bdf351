// coordinator/pool/spawn.h: starts one worker process.
//
// The child gets: the descriptors that the request names and no other;
// /dev/null as stdin and stdout; the stderr that the request names, or ours;
// next to no environment; a process group of its own (the coordinator decides
// about Ctrl-C); no blocked signal. The kernel kills it when the thread that
// spawned it ends.
//
// Runs in  the coordinator's main thread only: PDEATHSIG follows the thread.
// Errors   kNotFound, kDenied, …: the program cannot be started.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

// Descriptor `ours` arrives in the child under the number `theirs`, which is at
// least 100.
struct PassedFd {
  int ours = -1;
  int theirs = -1;
};

struct SpawnRequest {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<PassedFd> descriptors;  // at most 4
  int error_output = -1;              // becomes its stderr; -1 for ours
};

struct SpawnedProcess {
  pid_t pid = 0;
  UniqueFd pidfd;  // readable when the process has ended
};

// Starts the program. The caller must reap the process through its pidfd.
[[nodiscard]] Result<SpawnedProcess> Spawn(const SpawnRequest& request);

// How a process ended.
struct ProcessEnd {
  int signal = 0;  // that ended it; 0 if it exited
  int exit_code = 0;
  Micros cpu_time{0};  // user and system time of all its threads, ever
};

}  // namespace thumbmill
