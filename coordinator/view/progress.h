// coordinator/view/progress.h: shows the progress of a run: on a terminal a
// block that is redrawn in place, with log lines above it; otherwise plain
// lines.
//
// The idea: the cursor rests at the block's first cell. A redraw writes the new
// block from there, erases everything below, and returns to the first cell. It
// therefore does not depend on how a resize has wrapped the old block. Each
// redraw is one write, marked as a synchronised update for terminals that know
// this. No other state of the terminal changes, so nothing must be restored if
// the program is killed.
//
// Runs in  the loop's thread; log lines may come from any thread. Show() may be
//          called often: it draws the block at most ten times a second, and
//          plain lines at their own interval.
// Errors   if the terminal does not accept text at once (it is slow, or held
//          with Ctrl-S), that redraw is dropped: a run never waits for it.
#pragma once

#include <cstdio>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/cli/options.h"
#include "coordinator/engine/snapshot.h"
#include "coordinator/view/progress_text.h"

namespace thumbmill {

// The rate in images a second over the last five seconds.
class RecentRate {
 public:
  // Adds a sample and returns the rate. Call it a few times a second at most:
  // it keeps every sample of the last five seconds.
  double Sample(TimePoint now, std::uint64_t done);

 private:
  std::deque<std::pair<TimePoint, std::uint64_t>> samples_;
};

// Returns the text of one redraw: "\r", the lines, the codes that erase the
// rest of the screen, and the way back to the first cell.
[[nodiscard]] std::string DrawnBlock(const std::vector<std::string>& lines);

class Progress {
 public:
  Progress(ProgressMode mode, Millis plain_interval, std::FILE* out);
  // Leaves the last block on the screen and sends log lines to stderr again.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws if the interval has passed. Draws a view that has ended at once; that
  // block stays on the screen.
  void Show(const Snapshot& view, TimePoint now);
  // Call after the terminal's size changed: the next Show() draws at once.
  void Resized() { last_ = {}; }
  // Leaves the terminal to other programs (Ctrl-Z) until the next Show().
  void Suspend();
  // Returns whether the block is in use: it then shows the totals of the run.
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
  std::vector<std::string> drawn_;  // lines on the screen; empty: no block
};

}  // namespace thumbmill
