// coordinator/engine/file_read.h: reads a file into the slot of an image.
//
// Threads  any; the call blocks on the disk. Nobody else may use the slot
//          meanwhile.
// Errors   are in the answer: they concern this image only.
#pragma once

#include <cstdint>
#include <string>

#include "proto/reason.h"

namespace thumbmill {

// The granted part of a slot, as a part of its memfd.
struct SlotPlace {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct FileRead {
  Reason reason = Reason::kNone;
  std::string message;
  std::uint64_t length = 0;  // bytes that were read
  std::uint64_t needs = 0;   // > 0: read again after the slot grew to this size
};

// Reads the regular file at `path` to `place`. Fails if it is empty or has more
// than `max_bytes` bytes.
[[nodiscard]] FileRead ReadFile(const std::string& path, const SlotPlace& place,
                                std::uint64_t max_bytes);

}  // namespace thumbmill
