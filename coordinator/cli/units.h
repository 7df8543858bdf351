// coordinator/cli/units.h: durations, byte counts and percentages as people
// type them. Errors are kUsage and say what would be right.
//
// Bytes: K, M, G, T are powers of 1024, as in rclone. Counts: powers of 1000.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"

namespace thumbmill {

[[nodiscard]] Result<Millis> ParseDuration(std::string_view text);
[[nodiscard]] Result<std::uint64_t> ParseBytes(std::string_view text);
[[nodiscard]] Result<std::uint64_t> ParseCount(std::string_view text);
// "75%" of `whole`, or a byte count.
[[nodiscard]] Result<std::uint64_t> ParseShare(std::string_view text,
                                               std::uint64_t whole);

[[nodiscard]] std::string FormatBytes(std::uint64_t bytes);  // "1.4 MB"
[[nodiscard]] std::string FormatCount(std::uint64_t count);  // "12,345"
[[nodiscard]] std::string FormatDuration(Millis duration);   // "1:02:03"

}  // namespace thumbmill
