// coordinator/view/progress.h: what one sees while a run goes: a block on a
// terminal, redrawn in place, log lines above it; plain lines otherwise.
//
// The cursor rests at the block's first cell, so that a redraw need not know
// what a resize has made of the old one: it writes from there, erases what is
// below, and comes back. Each is one write, bracketed as a synchronised update
// where the terminal knows such; nothing else of the terminal is changed, so
// there is nothing to restore, whatever ends the program.
//
// Runs in  the loop's thread; log lines come from any. Show() may be called
//          often, it draws at most ten times a second, plain lines at their
//          own interval.
// Errors   what a terminal does not take at once (it is held with Ctrl-S, or
//          slow) is not drawn: no run waits for who looks at it.
#pragma once

#include <cstdio>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/cli/options.h"
#include "coordinator/stats/run_stats.h"
#include "coordinator/view/progress_text.h"

namespace thumbmill {

// Images a second over the last five.
class RecentRate {
 public:
  // At most some times a second. Returns the rate.
  double Sample(TimePoint now, std::uint64_t done);

 private:
  std::deque<std::pair<TimePoint, std::uint64_t>> samples_;
};

// "\r", the lines, what erases the rest, and the way back to the first cell.
[[nodiscard]] std::string DrawnBlock(const std::vector<std::string>& lines);

class Progress {
 public:
  Progress(ProgressMode mode, Millis plain_interval, std::FILE* out);
  // Leaves the last state of the block where it is, and puts the log back.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // A view that has ended is drawn at once; it stays.
  void Show(const RunStats& stats, const RunView& view, TimePoint now);
  // The size of the terminal changed: the next Show() draws at once.
  void Resized() { last_ = {}; }
  // Leaves the terminal to others, as for Ctrl-Z, until the next Show().
  void Suspend();
  // The block is used: the end of a run is in it.
  [[nodiscard]] bool draws_block() const { return style_ == Style::kBlock; }

 private:
  static void WriteAbove(void* self, std::string_view line);
  [[nodiscard]] BlockShape Shape() const;
  void DrawBlock(std::vector<std::string> lines, bool for_good);
  void LeaveBlock();

  enum class Style { kBlock, kPlain, kNone };
  Style style_ = Style::kNone;
  Millis interval_;
  std::FILE* out_;
  bool colour_ = false;
  TimePoint last_{};
  RecentRate rate_;
  std::mutex drawing_;
  std::vector<std::string> drawn_;  // empty: nothing is on the screen
};

}  // namespace thumbmill
