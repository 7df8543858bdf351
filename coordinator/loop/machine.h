// coordinator/loop/machine.h: the CPUs and the memory that this process may
// use (affinity, cgroup v1 and v2, physical memory), and its scheduling.
#pragma once

#include <cstdint>

namespace thumbmill {

// Returns the number of CPUs in the affinity mask, but not more than the
// cgroup's CPU quota (rounded up) and at least 1.
[[nodiscard]] std::size_t UsableCpus();
// Returns the smallest of physical memory and the cgroup's limits, in bytes.
[[nodiscard]] std::uint64_t UsableMemory();
// Returns how many processes the kernel has ever killed for lack of memory: in
// this process's cgroup, or on the machine if the cgroup does not count them.
// Returns 0 if the kernel does not tell.
[[nodiscard]] std::uint64_t OomKills();
// Sets SCHED_BATCH (sched(7)) for this thread and for all threads and processes
// that it starts: a thread that wakes up does not push a running one off its
// core. While cores are free this changes nothing. While all cores decode, the
// loop wakes less often and handles several answers at once. Changes nothing
// if the user has already chosen another policy.
void ScheduleAsBatch();

}  // namespace thumbmill
