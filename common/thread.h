// common/thread.h: starts threads where the system may refuse them.
//
// The problem: if the system has no room for one more thread (a limit on
// processes or on memory), std::thread throws and libzmq ends the process.
//
// Errors   kUnavailable, with the text of the system.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>

#include "common/result.h"

namespace thumbmill {

// Starts a thread with all signals blocked: the main thread handles them. Cuts
// the name to 15 characters, the limit of the kernel.
[[nodiscard]] Result<std::thread> StartThread(const char* name,
                                              std::function<void()> run);

// Both are for calls before a library that would end the process: the first
// fails if the system refuses `count` more threads at once, the second if it
// refuses to let a thread set its own scheduling, as libzmq's threads do.
[[nodiscard]] Status CanHaveThreads(std::size_t count);
[[nodiscard]] Status CanSetScheduling();

}  // namespace thumbmill
