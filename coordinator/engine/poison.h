// coordinator/engine/poison.h: keeps the input of an image that has cost
// workers, for whoever mends the decoder.
//
// A file appears whole, mode 0600, under the hash of its bytes and a name made
// from the image's; what is there is never replaced: the same name means the
// same bytes.
//
// Threads  any; calls block on the disk.
// Errors   kIo, kNoSpace, …: nothing was kept, no part of it is left.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

namespace thumbmill {

// "<16 hex digits>-photo.jpg": letters, digits, '.', '_' and '-' of the name
// are kept.
[[nodiscard]] std::string PoisonName(std::string_view sha256,
                                     std::string_view stem,
                                     std::string_view extension);

// Makes `folder` (mode 0700) where it is missing.
[[nodiscard]] Status KeepPoison(const std::string& folder,
                                const std::string& name, ByteSpan bytes);

}  // namespace thumbmill
