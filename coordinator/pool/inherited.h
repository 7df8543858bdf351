// coordinator/pool/inherited.h: keeps what this process has open from the
// program that its child becomes.
//
// For the child between fork() and exec(): system calls only, no memory of its
// own is asked for.
#pragma once

namespace thumbmill {

// Marks each descriptor from `first` on as close-on-exec, by the first of these
// that the kernel allows: close_range(); a walk through /proc/self/fd; one call
// for each number up to the hard limit of open files. False: none of them.
[[nodiscard]] bool MarkInherited(int first);

}  // namespace thumbmill
