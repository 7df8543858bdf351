// coordinator/machine.h: what this process may use of the machine it is on:
// affinity, cgroup (v1 and v2), physical memory.
#pragma once

#include <cstdint>

namespace thumbmill {

// At least 1: the affinity mask, cut to the cgroup's CPU quota (rounded up).
[[nodiscard]] std::size_t UsableCpus();
// Bytes: the smallest of physical memory and the cgroup's limits.
[[nodiscard]] std::uint64_t UsableMemory();
// How many processes the kernel has ended for want of memory, ever: of this
// process's cgroup, else of the machine. 0 also where the kernel does not tell.
[[nodiscard]] std::uint64_t OomKills();
// Private memory of a process (0: this one) now, in bytes; 0 when it cannot be
// read.
[[nodiscard]] std::uint64_t PrivateMemory(int pid);

}  // namespace thumbmill
