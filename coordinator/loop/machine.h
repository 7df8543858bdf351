// coordinator/loop/machine.h: what this process may use of the machine it is
// on: affinity, cgroup (v1 and v2), physical memory; and how it stands to
// others.
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
// SCHED_BATCH (sched(7)) for this thread, and for all threads and processes
// that it starts: who wakes up does not push a working one off its core. Where
// cores are free nothing changes; where all decode, the loop takes several
// answers at once. A policy that somebody else has chosen stays.
void ScheduleAsBatch();

}  // namespace thumbmill
