// coordinator/engine/poison.h: keeps the input of an image that has cost
// workers, for the developer who repairs the decoder.
//
// A file appears only when it is complete, with mode 0600. Its name consists of
// the hash of its bytes and the image's name. A file that exists is never
// replaced, because the same name means the same bytes.
//
// Threads  any; calls block on the disk.
// Errors   after kIo, kNoSpace, … nothing was kept, and no part of it is left.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

namespace thumbmill {

// Returns "<16 hex digits>-photo.jpg". Characters other than letters, digits,
// '.', '_' and '-' become '_'.
[[nodiscard]] std::string PoisonName(std::string_view sha256,
                                     std::string_view stem,
                                     std::string_view extension);

// Writes `bytes` to `folder`/`name`. Creates `folder` (mode 0700) if it is
// missing.
[[nodiscard]] Status KeepPoison(const std::string& folder,
                                const std::string& name, ByteSpan bytes);

}  // namespace thumbmill
