// coordinator/cli/units.h: parses and prints durations, byte counts and
// percentages in the form that people type.
//
// Units   K, M, G and T are powers of 1024 for bytes, as in rclone, and powers
//         of 1000 for counts.
// Errors  kUsage, with an example of the right form.
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
// Parses "75%" as a share of `whole`; any other text as a byte count.
[[nodiscard]] Result<std::uint64_t> ParseShare(std::string_view text,
                                               std::uint64_t whole);

[[nodiscard]] std::string FormatBytes(std::uint64_t bytes);  // "1.4 MB"
[[nodiscard]] std::string FormatCount(std::uint64_t count);  // "12,345"
[[nodiscard]] std::string FormatDuration(Millis duration);   // "1:02:03"

}  // namespace thumbmill
