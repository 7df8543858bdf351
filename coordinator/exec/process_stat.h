// coordinator/exec/process_stat.h: what the kernel knows of another process.
//
// Errors  a process that is gone reads as 0 or false: its death is told by
//         its pidfd, not here.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

// User and system time of all its threads.
[[nodiscard]] Micros CpuTime(pid_t pid);
// By SIGSTOP, a debugger, or a terminal.
[[nodiscard]] bool IsStopped(pid_t pid);
// Resident and not shared with others.
[[nodiscard]] std::uint64_t PrivateBytes(pid_t pid);
// Writable private mappings, touched or not: what RLIMIT_DATA counts.
[[nodiscard]] std::uint64_t DataBytes(pid_t pid);
// Further private memory is refused to it beyond `bytes`.
void LimitData(pid_t pid, std::uint64_t bytes);
// SIGXCPU ends it when its CpuTime() is beyond this: the kernel counts in
// seconds, so it is rounded up.
void LimitCpu(pid_t pid, Micros total);

}  // namespace thumbmill
