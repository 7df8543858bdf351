// coordinator/net/body_intake.h: the way of a body's bytes from curl to the
// sink: decoded where they are coded, counted, and held up while the sink has
// no memory.
//
// Memory   what a paused body holds is what curl has read (64 KB at most), and
//          one buffer of decoded bytes.
#pragma once

#include <cstddef>

#include "common/bytes.h"
#include "coordinator/net/transfer_job.h"

namespace thumbmill {

// Curl's write callback for a body that the sink is to get. Returns its
// answer to curl: all of `data`, to pause, or less, which ends the request;
// `job->hop` says why.
[[nodiscard]] std::size_t TakeBody(Job* job, ByteSpan data);

}  // namespace thumbmill
