// coordinator/pool/spawn.h: starts one worker process.
//
// The child gets: the descriptors named here and no other, /dev/null as stdin
// and stdout, a stderr that is named here or ours, next to no environment, a
// process group of its own (Ctrl-C is for the coordinator to decide about), no
// blocked signal, and SIGKILL when the thread that spawned it ends.
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

// `ours` arrives in the child under the number `theirs`: at least 100.
struct PassedFd {
  int ours = -1;
  int theirs = -1;
};

struct SpawnRequest {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<PassedFd> descriptors;  // at most 4
  int error_output = -1;              // becomes its stderr; -1: ours
};

struct SpawnedProcess {
  pid_t pid = 0;
  UniqueFd pidfd;  // readable when the process has ended
};

[[nodiscard]] Result<SpawnedProcess> Spawn(const SpawnRequest& request);

// How a process ended.
struct ProcessEnd {
  int signal = 0;  // that ended it; 0: it exited
  int exit_code = 0;
  Micros cpu_time{0};  // user and system time of all its threads, ever
};

}  // namespace thumbmill
