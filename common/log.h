// common/log.h: lines for people and for log collectors, on stderr or in a
// file.
//
// Runs in  every process; the coordinator logs the lines of a worker again.
// Threads  any; a line is written whole.
// Errors   InitLog() fails when the file cannot be opened. Logging never fails.
//
// A text may hold any bytes: this file escapes control characters
// (common/printable.h) and writes each text as one line.
//
// Redact a URL before you log it (see coordinator/net/url.h).
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace thumbmill {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

struct LogOptions {
  LogLevel level = LogLevel::kWarning;  // -v: info, -vv: debug, -q: error
  std::string file;                     // empty: stderr
  bool json = false;                    // one JSON object on each line
  std::string process = "coordinator";  // written on each line
  bool bare = false;  // level and text only; the reader adds the rest
};

[[nodiscard]] Status InitLog(const LogOptions& options);
[[nodiscard]] bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view text);
// Writes the answer to a user's request (SIGUSR2) at any level, and flushes.
void LogAnswer(std::string_view text);

// Sends the lines for stderr to `writer` instead, so that a progress block can
// redraw itself around them. A null writer restores stderr.
using LogWriter = void (*)(void* context, std::string_view line);
void SetLogWriter(LogWriter writer, void* context);

inline void LogDebug(std::string_view text) { LogLine(LogLevel::kDebug, text); }
inline void LogInfo(std::string_view text) { LogLine(LogLevel::kInfo, text); }
inline void LogWarning(std::string_view text) {
  LogLine(LogLevel::kWarning, text);
}
inline void LogError(std::string_view text) { LogLine(LogLevel::kError, text); }

}  // namespace thumbmill
