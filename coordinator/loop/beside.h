// coordinator/loop/beside.h: runs work that may wait for the loop, before the
// engine runs it.
//
// Runs in  the loop's thread.
#pragma once

#include <functional>

#include "common/result.h"

namespace thumbmill {

class EventLoop;

// Runs `work` in a thread of its own, and the loop in this thread. Returns when
// `work` has returned. Fails with kUnavailable if there is no thread.
[[nodiscard]] Status RunBeside(EventLoop* loop, std::function<void()> work);

}  // namespace thumbmill
