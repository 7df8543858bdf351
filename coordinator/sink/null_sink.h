// coordinator/sink/null_sink.h: discards all thumbnails (`null:`). For
// measuring the rest of a run.
#pragma once

#include <memory>

#include "coordinator/sink/sink.h"

namespace thumbmill {

class EventLoop;

[[nodiscard]] std::unique_ptr<Sink> MakeNullSink(EventLoop* loop);

}  // namespace thumbmill
