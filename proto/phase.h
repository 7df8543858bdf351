// proto/phase.h: the steps of the work on an image. A worker notes each step
// before it begins, so that a death can be assigned to one.
//
// Contract proto/PROTOCOL.md, "Flight record"; failed.jsonl has these words.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace thumbmill {

// Rows flow, so decode and resize take turns. A thumbnail is composed (turned,
// converted to sRGB, laid on its background) row by row while it is encoded.
enum class Phase : std::uint32_t { kNone, kHeader, kDecode, kResize, kEncode };

// Written by the thread that works; any thread or process may read it.
using PhaseCell = std::atomic<Phase>;
static_assert(PhaseCell::is_always_lock_free);

// Returns an empty word for kNone and for a number that is no phase: a cell may
// lie in memory that a worker which was taken over has written to.
[[nodiscard]] constexpr std::string_view ToString(Phase phase) {
  switch (phase) {
    case Phase::kHeader:
      return "header";
    case Phase::kDecode:
      return "decode";
    case Phase::kResize:
      return "resize";
    case Phase::kEncode:
      return "encode";
    case Phase::kNone:
      break;
  }
  return "";
}

}  // namespace thumbmill
