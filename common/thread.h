// common/thread.h: starts threads where the system may refuse them.
//
// The problem: if the system has no room for one more thread (a limit on
// processes or on memory), std::thread throws and libzmq ends the process.
//
// Errors   kUnavailable, with the text of the system.
#pragma once

#include <functional>
#include <thread>

#include "common/result.h"

namespace thumbmill {

// Starts a thread with all signals blocked: the main thread handles them. Cuts
// the name to 15 characters, the limit of the kernel.
[[nodiscard]] Result<std::thread> StartThread(const char* name,
                                              std::function<void()> run);

// Fails if the system refuses `count` more threads at once, or refuses to let
// them set their own scheduling as libzmq's threads do. Call it before a
// library that would end the process in that case.
[[nodiscard]] Status CanHaveThreads(int count);

}  // namespace thumbmill
