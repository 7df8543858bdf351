// coordinator/pool/inherited.h: keeps the open descriptors of this process from
// the program that its child becomes.
//
// Runs in  the child between fork() and exec(): it makes system calls only, and
//          allocates no memory.
#pragma once

namespace thumbmill {

// Marks each descriptor from `first` on as close-on-exec. Uses the first of
// these that the kernel allows: close_range(); a walk through /proc/self/fd;
// one call for each number up to the hard limit of open files. Returns false if
// the kernel allows none of them.
[[nodiscard]] bool MarkInherited(int first);

}  // namespace thumbmill
