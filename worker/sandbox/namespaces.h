// worker/sandbox/namespaces.h: moves a process to where there is nothing to
// find: no file, no network, no IPC object, and no capability to use on any.
//
// An addition to the seccomp filter: many machines and most containers do not
// let an ordinary process make namespaces.
//
// The order is forced by two rules of the kernel. A user namespace, without
// which an ordinary user gets no other, can be entered only while the process
// has one thread. And an abstract socket is found only within the network
// namespace that it was bound in, so the connection to the coordinator must
// stand, and with it libzmq's thread, before the network is left. Hence two
// steps, between which the process keeps the capabilities that it has over its
// own namespaces. libzmq's thread stays in the old network namespace: it is not
// the one that touches images, and the filter binds it too.
//
// Errors   kUnavailable: the kernel does not allow it; what was done before
//          stays done.
#pragma once

#include "common/result.h"

namespace thumbmill {

// User, IPC, UTS and mount namespaces; the root becomes an empty, read-only
// folder. Needs a process of one thread.
[[nodiscard]] Status EnterNamespaces();
// The calling thread, into a network namespace without any interface.
[[nodiscard]] Status LeaveNetwork();
// The calling thread's, all of them, also root's.
[[nodiscard]] Status DropCapabilities();

}  // namespace thumbmill
