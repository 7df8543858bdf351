// worker/sandbox/namespaces.h: moves a process to where it can find nothing: no
// file, no network, no IPC object, and no capability to use on any.
//
// This is an addition to the seccomp filter: many machines and most containers
// do not let an ordinary process make namespaces.
//
// Two rules of the kernel force the order. First, a process can enter a user
// namespace only while it has one thread, and without that an ordinary user
// gets no other namespace. Second, an abstract socket can be found only within
// the network namespace that it was bound in. The connection to the coordinator
// must therefore stand, and with it libzmq's thread, before the process leaves
// the network. Hence there are two steps; between them the process keeps the
// capabilities over its own namespaces. libzmq's thread stays in the old
// network namespace: it does not touch images, and the filter binds it, too.
//
// Errors   kUnavailable: the kernel does not allow it. Earlier steps stay done.
#pragma once

#include "common/result.h"

namespace thumbmill {

// Enters user, IPC, UTS and mount namespaces, with an empty, read-only folder
// as root. Requires a process of one thread.
[[nodiscard]] Status EnterNamespaces();
// Moves the calling thread into a network namespace without interfaces.
[[nodiscard]] Status LeaveNetwork();
// Drops all capabilities of the calling thread, also root's.
[[nodiscard]] Status DropCapabilities();

}  // namespace thumbmill
