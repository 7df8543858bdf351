// worker/image/header/numbers.h: reads the numbers of file headers.
//
// Errors   none: the caller has checked that the bytes of the number are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"

namespace thumbmill {

[[nodiscard]] inline std::uint32_t BigU16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}

[[nodiscard]] inline std::uint32_t BigU32(ByteSpan bytes, std::size_t at) {
  return BigU16(bytes, at) << 16 | BigU16(bytes, at + 2);
}

[[nodiscard]] inline std::uint32_t LittleU16(ByteSpan bytes, std::size_t at) {
  return bytes[at] | static_cast<std::uint32_t>(bytes[at + 1]) << 8;
}

[[nodiscard]] inline std::uint32_t LittleU32(ByteSpan bytes, std::size_t at) {
  return LittleU16(bytes, at) | LittleU16(bytes, at + 2) << 16;
}

[[nodiscard]] inline bool StartsWith(ByteSpan bytes, std::string_view prefix) {
  return AsText(bytes).starts_with(prefix);
}

}  // namespace thumbmill
