// common/hash.h: SHA-256 for names, item keys and records.
//
// Errors  none: hashing bytes in memory cannot fail.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "common/bytes.h"

namespace thumbmill {

using Sha256 = std::array<std::uint8_t, 32>;
// The first 16 bytes of a SHA-256. Nobody can write a list in which two items
// have the same key.
using Key128 = std::array<std::uint8_t, 16>;

Sha256 HashBytes(ByteSpan bytes);
Key128 HashKey(std::string_view text);
// Returns lower-case hexadecimal.
std::string ToHex(ByteSpan bytes);

}  // namespace thumbmill
