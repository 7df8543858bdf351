// coordinator/exec/collect.h: checks and copies the thumbnails that a worker
// has made.
//
// This is the one place where numbers from a RESULT address memory. All of them
// are checked against the task before a byte is read. The bytes are copied
// once, so that a worker that was taken over cannot change them afterwards.
//
// Errors   kBadData: the answer does not fit the task; nothing was copied.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/result.h"
#include "coordinator/exec/executor.h"
#include "coordinator/exec/lease_table.h"
#include "proto/messages.h"
#include "proto/task.h"

namespace thumbmill {

// Returns one copy of each thumbnail. `range` is the output range that was
// granted to the task. Clears the thumbnails of an outcome that is not ok(), so
// that the receiver sees none.
[[nodiscard]] Result<std::vector<std::vector<std::uint8_t>>> Collect(
    const Task& task, ByteSpan range, Outcome* outcome);

// Turns the RESULT of a task into its answer, at the time `now`.
[[nodiscard]] Result<Finished> CollectAnswer(const Lease& lease,
                                             TaskResult result, TimePoint now);

// Reduces the times that a worker reports so that their sum is at most
// `passed`, the time since it was sent the task.
void BoundTimes(Micros passed, StageTimes* times);

}  // namespace thumbmill
