// coordinator/exec/process_stat.h: asks the kernel about another process, and
// sets its limits.
//
// Errors  a process that is gone reads as 0 or false; its pidfd reports its
//         death.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "common/clock.h"

namespace thumbmill {

// Returns user and system time of all its threads.
[[nodiscard]] Micros CpuTime(pid_t pid);
// Returns true if SIGSTOP, a debugger or a terminal has stopped it.
[[nodiscard]] bool IsStopped(pid_t pid);
// Returns its resident bytes that are not shared with other processes.
[[nodiscard]] std::uint64_t PrivateBytes(pid_t pid);
// Returns the bytes of its writable private mappings, touched or not:
// RLIMIT_DATA counts the same.
[[nodiscard]] std::uint64_t DataBytes(pid_t pid);
// Makes the kernel refuse private memory beyond `bytes`.
void LimitData(pid_t pid, std::uint64_t bytes);
// Makes the kernel end it with SIGXCPU when its CpuTime() exceeds `total`,
// rounded up to seconds, in which the kernel counts.
void LimitCpu(pid_t pid, Micros total);

}  // namespace thumbmill
