// worker/sandbox/landlock.h: takes the file system, TCP and signals away from a
// process, without any privilege, if the kernel has Landlock.
//
// This is an addition to the seccomp filter, never a replacement. Each kernel
// knows only a part of Landlock; the parts that it does not know are left out.
// The code makes the system calls itself: glibc has no functions for them, and
// the headers that we build with know less than the kernels that we run on.
//
// Threads  holds for the calling thread, and for threads and processes that it
//          creates later.
// Errors   kUnavailable: there is no Landlock, or not this part of it.
#pragma once

#include "common/result.h"

namespace thumbmill {

// Denies opening, making, renaming and removing files. Also denies binding and
// connecting TCP ports from Linux 6.7 on, and signals to other processes from
// 6.12 on.
[[nodiscard]] Status DenyFiles();
// Denies connecting to abstract sockets of other processes, from Linux 6.12 on.
// It is a separate step: a worker must connect to its coordinator first, which
// listens on such a socket.
[[nodiscard]] Status DenyAbstractSockets();

}  // namespace thumbmill
