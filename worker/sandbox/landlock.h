// worker/sandbox/landlock.h: takes the file system, TCP and signals away from a
// process, without any privilege, where the kernel has Landlock.
//
// An addition to the seccomp filter, never instead of it: each kernel knows a
// part of it, and what it does not know is left out. Spoken to by system calls
// of our own: glibc has none, and the headers that we build with know less than
// the kernels that we run on.
//
// Threads  holds for the caller and for what it creates afterwards.
// Errors   kUnavailable: there is no Landlock, or not this part of it.
#pragma once

#include "common/result.h"

namespace thumbmill {

// No file is opened, made, renamed or removed; from Linux 6.7 on no TCP port is
// bound or connected to, from 6.12 on no other process gets a signal.
[[nodiscard]] Status DenyFiles();
// From Linux 6.12 on: no abstract socket of another process is connected to.
// Of its own, since a worker's coordinator listens on one.
[[nodiscard]] Status DenyAbstractSockets();

}  // namespace thumbmill
