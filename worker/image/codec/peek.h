// worker/image/codec/peek.h: recognises the format of a file and reads the
// facts of its header, without a library.
//
// Runs in  coordinator (admission) and worker (limits); both derive it alike.
// Errors   none: every read is bounds-checked and the work is bounded. Fuzzed.
#pragma once

#include <optional>

#include "common/bytes.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"

namespace thumbmill {

// Recognises a format by the first bytes, never by the file's name.
[[nodiscard]] Sniffed Sniff(ByteSpan bytes);

// Returns false if the bytes begin like no image format that we know. Needs the
// first kSniffBytes, or the whole file if it is shorter.
[[nodiscard]] bool MayBeImage(ByteSpan first);

// Reads the header from the first bytes. Returns empty for a format that the
// worker does not decode. The size is 0 if the header is not whole. Takes at
// most two kilobytes of memory and some milliseconds.
[[nodiscard]] std::optional<ImageHeader> PeekHeader(ByteSpan bytes);

}  // namespace thumbmill
