// common/log.h: lines for people and for collectors of logs, on stderr or in a
// file.
//
// Runs in  every process; what a worker logs, the coordinator logs again.
// Threads  any; a line is written whole.
// Errors   InitLog() fails when the file cannot be opened. Logging never fails.
//
// A text may hold anything: what a terminal would obey is escaped here
// (common/printable.h), and each text is one line.
//
// Never pass a URL that was not redacted (see coordinator/net/url.h).
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace thumbmill {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

struct LogOptions {
  LogLevel level = LogLevel::kWarning;  // -v: info, -vv: debug, -q: error
  std::string file;                     // empty: stderr
  bool json = false;                    // one object a line
  std::string process = "coordinator";  // a name that each line carries
  bool bare = false;  // level and text only, for a reader who adds the rest
};

[[nodiscard]] Status InitLog(const LogOptions& options);
[[nodiscard]] bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view text);
// What somebody has asked for: written at any level, flushed.
void LogAnswer(std::string_view text);

// Where lines for stderr go instead, so that a progress block can redraw
// itself around them. An empty function puts stderr back.
using LogWriter = void (*)(void* context, std::string_view line);
void SetLogWriter(LogWriter writer, void* context);

inline void LogDebug(std::string_view text) { LogLine(LogLevel::kDebug, text); }
inline void LogInfo(std::string_view text) { LogLine(LogLevel::kInfo, text); }
inline void LogWarning(std::string_view text) {
  LogLine(LogLevel::kWarning, text);
}
inline void LogError(std::string_view text) { LogLine(LogLevel::kError, text); }

}  // namespace thumbmill
