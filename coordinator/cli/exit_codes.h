// coordinator/cli/exit_codes.h: the exit codes of the coordinator. A run that a
// signal stopped ends with 128 + the signal.
//
// Contract docs/cli.md, "Exit codes".
#pragma once

namespace thumbmill {

inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 1;
inline constexpr int kExitFailures = 2;
inline constexpr int kExitLimit = 3;
inline constexpr int kExitFatal = 4;

}  // namespace thumbmill
