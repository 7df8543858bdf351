// coordinator/sink/null_sink.h: takes thumbnails and forgets them: `null:`,
// for measuring.
#pragma once

#include <memory>

#include "coordinator/sink/sink.h"

namespace thumbmill {

class EventLoop;

[[nodiscard]] std::unique_ptr<Sink> MakeNullSink(EventLoop* loop);

}  // namespace thumbmill
