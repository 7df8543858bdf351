// coordinator/exec/collect.h: takes over what a worker says it has made.
//
// The one place where numbers of a RESULT meet memory: all are checked against
// the task before a byte is read, and the bytes are copied once, so that a
// worker gone bad can change nothing afterwards.
//
// Errors   kBadData: the answer does not fit the task; nothing was copied.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/result.h"
#include "proto/task.h"

namespace thumbmill {

// `range` is the task's output range as granted. Drops thumbnails of an
// outcome that is not ok(), so that the receiver sees none.
[[nodiscard]] Result<std::vector<std::vector<std::uint8_t>>> Collect(
    const Task& task, ByteSpan range, Outcome* outcome);

// Cuts what a worker says of its times to what has passed since it was given
// the task, all together.
void BoundTimes(Micros passed, StageTimes* times);

}  // namespace thumbmill
