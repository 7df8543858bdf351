// coordinator/progress.h: what one sees while a run goes: one line on a
// terminal, redrawn; plain lines otherwise.
//
// Runs in  the loop's thread; Show() may be called often, it draws at most ten
//          times a second, plain lines at their own interval.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>

#include "coordinator/options.h"
#include "coordinator/run_stats.h"

namespace thumbmill {

class Progress {
 public:
  Progress(ProgressMode mode, Millis plain_interval, std::FILE* out);
  // Takes the line away and puts the log back.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(const RunStats& stats, const RunView& view, TimePoint now);
  void Clear();

 private:
  static void WriteAbove(void* self, std::string_view line);
  void Draw(const std::string& line);

  enum class Style { kLine, kPlain, kNone };
  Style style_ = Style::kNone;
  Millis interval_;
  std::FILE* out_;
  TimePoint last_{};
  std::uint64_t last_finished_ = 0;
  double rate_ = 0;
  std::mutex drawing_;  // log lines come from other threads
  std::string drawn_;
};

// The line itself, without what positions it: a test reads it.
[[nodiscard]] std::string ProgressLine(const RunStats& stats,
                                       const RunView& view, double rate);

}  // namespace thumbmill
