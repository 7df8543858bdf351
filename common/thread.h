// common/thread.h: threads that may not be had.
//
// The problem: std::thread throws where the system has no room for one more
// (a limit of processes, memory), and libzmq ends the process.
//
// Errors   kUnavailable, with what the system said.
#pragma once

#include <functional>
#include <thread>

#include "common/result.h"

namespace thumbmill {

// Starts a thread that takes no signals: those belong to the main thread. The
// name is cut to 15 characters, as the kernel keeps it.
[[nodiscard]] Result<std::thread> StartThread(const char* name,
                                              std::function<void()> run);

// Whether `count` more threads can be had at once, and may set their own
// scheduling as libzmq's do. For a library that would end the process.
[[nodiscard]] Status CanHaveThreads(int count);

}  // namespace thumbmill
