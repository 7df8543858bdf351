// coordinator/net/body_intake.h: passes a body's bytes from curl to the sink.
// Decodes them if they are coded, counts them, and pauses the transfer while
// the sink has no memory.
//
// Memory   a paused body holds the bytes that curl has read (64 KB at most) and
//          one buffer of decoded bytes.
#pragma once

#include <cstddef>

#include "common/bytes.h"
#include "coordinator/net/transfer_job.h"

namespace thumbmill {

// Handles curl's write callback for a body that goes to the sink. Returns the
// answer for curl: the size of `data`, CURL_WRITEFUNC_PAUSE, or 0 to end the
// request; `job->hop` then holds the reason.
[[nodiscard]] std::size_t TakeBody(Job* job, ByteSpan data);

}  // namespace thumbmill
