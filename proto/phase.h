// proto/phase.h: how far the work on an image has come. Noted before each
// step, so that a death can be laid to it.
//
// Contract proto/PROTOCOL.md, "Flight record"; the words stand in failed.jsonl.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace thumbmill {

// Rows flow, so decode and resize take turns; a thumbnail is composed (turned,
// brought to sRGB, laid on its background) row by row while it is encoded.
enum class Phase : std::uint32_t { kNone, kHeader, kDecode, kResize, kEncode };

// Written by the thread that works, read by whoever asks.
using PhaseCell = std::atomic<Phase>;
static_assert(PhaseCell::is_always_lock_free);

// Empty for kNone, and for what is no phase: cells may lie in memory that a
// process gone bad has written to.
[[nodiscard]] constexpr std::string_view ToWord(Phase phase) {
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
