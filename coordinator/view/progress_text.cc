#include "coordinator/view/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "coordinator/cli/units.h"
#include "coordinator/view/terminal_text.h"

namespace thumbmill {
namespace {

// Columns below which each number has a line of its own.
constexpr std::size_t kNarrow = 60;
// Columns from which on two lines stand side by side.
constexpr std::size_t kWide = 120;
constexpr std::size_t kWideColumn = 60;
constexpr std::size_t kLabelCells = 9;

enum class Tone { kPlain, kLabel, kGood, kBad, kNote };

const char* Escape(Tone tone) {
  switch (tone) {
    case Tone::kLabel:
      return "\x1b[2m";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kNote:
      return "\x1b[33m";
    case Tone::kPlain:
      break;
  }
  return "";
}

struct Piece {
  std::string text;
  Tone tone = Tone::kPlain;
};
using Line = std::vector<Piece>;

std::size_t CellsOfLine(const Line& line) {
  std::size_t cells = 0;
  for (const Piece& piece : line) cells += CellsOf(piece.text);
  return cells;
}

Line Labelled(std::string_view label) {
  return {{fmt::format("{:<{}}", label, kLabelCells), Tone::kLabel}};
}

void Append(Line* line, Line more) {
  for (Piece& piece : more) line->push_back(std::move(piece));
}

std::string Render(const Line& line, const BlockShape& shape) {
  std::string text;
  // Leave the last column empty: after a full line, some terminals move the
  // cursor to the next line.
  std::size_t left = shape.columns > 1 ? shape.columns - 1 : 1;
  for (const Piece& piece : line) {
    const std::string_view shown = CutToCells(piece.text, left);
    left -= CellsOf(shown);
    const char* escape = shape.colour ? Escape(piece.tone) : "";
    text += escape;
    text += shown;
    if (*escape != '\0') text += "\x1b[0m";
    if (shown.size() < piece.text.size()) break;
  }
  return text;
}

// ---- numbers -----------------------------------------------------------

std::uint64_t Done(const RunStats& stats) {
  return stats.done + stats.done_before;
}
std::uint64_t Failed(const RunStats& stats) {
  return stats.failed + stats.failed_before;
}
std::uint64_t Skipped(const RunStats& stats) {
  return stats.skipped + stats.skipped_before;
}

std::string RateText(double rate) {
  return rate < 100 ? fmt::format("{:.1f}", rate) : fmt::format("{:.0f}", rate);
}

// Returns the number of images left: "5,828"; "~9,998,000" for an estimate;
// "2,048+" if the end of the list is unknown; "?" before the list has images.
std::string LeftText(const Snapshot& view) {
  if (!view.left && view.open == 0) return "?";
  if (!view.left) return FormatCount(view.open) + "+";
  return (view.left_exact ? "" : "~") + FormatCount(*view.left);
}

// Returns the share of the list's images that are final. Rounds down, so that
// 100 % means all of them.
std::string PercentText(const RunStats& stats, const Snapshot& view) {
  if (!view.left) return "";
  const std::uint64_t final = Done(stats) + Failed(stats) + Skipped(stats);
  const std::uint64_t all = final + *view.left;
  return all == 0 ? "" : fmt::format("{} %", final * 100 / all);
}

std::string EtaText(const Snapshot& view) {
  return view.eta ? FormatDuration(*view.eta) : "--:--";
}

std::string SecondsText(Millis time) {
  return time < Millis(10'000)
             ? fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000)
             : FormatDuration(time);
}

// Returns how long a host has kept the run waiting, or how long it is paused.
std::string SlowText(const SlowHost& host) {
  if (host.held > Millis(0))
    return fmt::format("not asked for {} more", SecondsText(host.held));
  std::string text = SecondsText(std::max(host.recent, host.oldest));
  if (host.in_flight > 0)
    text += fmt::format(", {} in flight", FormatCount(host.in_flight));
  return text;
}

// ---- lines of the block ------------------------------------------------

Piece FailedPiece(const RunStats& stats) {
  return {FormatCount(Failed(stats)) + " failed",
          Failed(stats) > 0 ? Tone::kBad : Tone::kPlain};
}

Line ImagesLine(const RunStats& stats, const Snapshot& view) {
  Line line = Labelled("images");
  line.push_back({FormatCount(Done(stats)) + " done", Tone::kGood});
  line.push_back({fmt::format(", {} skipped, ", FormatCount(Skipped(stats)))});
  line.push_back(FailedPiece(stats));
  line.push_back({fmt::format(", {} left", LeftText(view))});
  return line;
}

Line RateLine(const RunStats& stats, const Snapshot& view, const Rates& rates) {
  Line line = Labelled("rate");
  if (view.ended) {
    line.push_back({fmt::format("{}/s in {}", RateText(rates.overall),
                                SecondsText(stats.elapsed))});
    return line;
  }
  const std::string percent = PercentText(stats, view);
  line.push_back({fmt::format("{}/s now, {}/s overall; ", RateText(rates.now),
                              RateText(rates.overall))});
  if (!percent.empty()) line.push_back({percent + " in "});
  line.push_back({fmt::format("{}, ETA {}", FormatDuration(stats.elapsed),
                              EtaText(view))});
  return line;
}

Line BytesLine(const RunStats& stats, const Snapshot& view) {
  Line line = Labelled("bytes");
  line.push_back({fmt::format("{} in, {} out", FormatBytes(stats.bytes_in),
                              FormatBytes(stats.bytes_out))});
  if (view.ended)
    line.push_back(
        {fmt::format(" in {} thumbnails", FormatCount(stats.files_out))});
  return line;
}

Line MemoryLine(const RunStats& stats, const Snapshot& view) {
  Line line = Labelled("memory");
  const std::uint64_t used = view.ended ? stats.peak_bytes : view.memory_used;
  const bool near = used > view.memory_limit / 10 * 9;
  line.push_back(
      {fmt::format("{}{} of {}", view.ended ? "peak " : "", FormatBytes(used),
                   FormatBytes(view.memory_limit)),
       near ? Tone::kNote : Tone::kPlain});
  if (view.waits_for_memory && !view.ended)
    line.push_back({"; downloads wait for it", Tone::kNote});
  return line;
}

Line WorkersLine(const RunStats& stats, const Snapshot& view) {
  Line line = Labelled("workers");
  line.push_back({fmt::format(
      "{} of {} busy; {} fetching, {} ready, {} storing", view.busy,
      view.workers, view.fetching, view.ready, view.storing)});
  if (stats.workers_lost > 0)
    line.push_back({fmt::format("; {} lost", FormatCount(stats.workers_lost)),
                    Tone::kNote});
  if (stats.retries > 0)
    line.push_back({fmt::format("; {} retries", FormatCount(stats.retries))});
  return line;
}

// Formats the line for the slowest host. `cells` is the width for the whole
// line; a long host name is shortened.
Line SlowestLine(const SlowHost& host, std::size_t cells) {
  Line line = Labelled("slowest");
  const std::string wait = ": " + SlowText(host);
  const std::size_t taken = kLabelCells + wait.size() + 1;
  const std::string name = MakePrintable(host.name);
  line.push_back({ShortenToCells(name, cells > taken ? cells - taken : 0)});
  line.push_back({wait});
  return line;
}

std::vector<Line> NarrowLines(const RunStats& stats, const Snapshot& view,
                              const Rates& rates, std::size_t columns) {
  std::vector<Line> lines;
  const auto add = [&lines](std::string_view label, Piece piece) {
    lines.push_back(Labelled(label));
    lines.back().push_back(std::move(piece));
  };
  add("done", {FormatCount(Done(stats)), Tone::kGood});
  add("failed", {FormatCount(Failed(stats)),
                 Failed(stats) > 0 ? Tone::kBad : Tone::kPlain});
  add("skipped", {FormatCount(Skipped(stats))});
  add("left", {LeftText(view)});
  if (view.ended) {
    add("rate", {fmt::format("{}/s in {}", RateText(rates.overall),
                             SecondsText(stats.elapsed))});
  } else {
    add("time", {fmt::format("{}, ETA {}", FormatDuration(stats.elapsed),
                             EtaText(view))});
    add("rate", {fmt::format("{}/s, all {}/s", RateText(rates.now),
                             RateText(rates.overall))});
  }
  add("bytes", {fmt::format("{} in, {} out", FormatBytes(stats.bytes_in),
                            FormatBytes(stats.bytes_out))});
  lines.push_back(MemoryLine(stats, view));
  if (view.ended) return lines;
  add("workers", {fmt::format("{} of {} busy", view.busy, view.workers)});
  if (view.slowest) lines.push_back(SlowestLine(*view.slowest, columns));
  return lines;
}

std::vector<Line> UsualLines(const RunStats& stats, const Snapshot& view,
                             const Rates& rates, std::size_t columns) {
  std::vector<Line> lines = {ImagesLine(stats, view),
                             RateLine(stats, view, rates),
                             BytesLine(stats, view), MemoryLine(stats, view)};
  if (!view.ended) lines.push_back(WorkersLine(stats, view));
  if (!view.ended && view.slowest)
    lines.push_back(SlowestLine(*view.slowest, columns));
  return lines;
}

// Pairs the lines from the second on. A line that is too wide stays alone.
std::vector<Line> SideBySide(std::vector<Line> lines) {
  std::vector<Line> paired = {std::move(lines.front())};
  for (std::size_t i = 1; i < lines.size(); i += 2) {
    Line line = std::move(lines[i]);
    const std::size_t cells = CellsOfLine(line);
    const bool fits = cells + 2 <= kWideColumn;
    if (i + 1 < lines.size() && fits) {
      line.push_back({std::string(kWideColumn - cells, ' ')});
      Append(&line, std::move(lines[i + 1]));
      paired.push_back(std::move(line));
      continue;
    }
    paired.push_back(std::move(line));
    if (i + 1 < lines.size()) paired.push_back(std::move(lines[i + 1]));
  }
  return paired;
}

std::vector<Line> Lines(const RunStats& stats, const Snapshot& view,
                        const Rates& rates, std::size_t columns) {
  if (columns < kNarrow) return NarrowLines(stats, view, rates, columns);
  if (columns < kWide) return UsualLines(stats, view, rates, columns);
  return SideBySide(UsualLines(stats, view, rates, columns - kWideColumn));
}

}  // namespace

std::vector<std::string> ProgressBlock(const Snapshot& view, const Rates& rates,
                                       const BlockShape& shape) {
  std::vector<std::string> block;
  const std::size_t rows = std::max<std::size_t>(shape.rows, 2) - 1;
  for (const Line& line : Lines(*view.counts, view, rates, shape.columns)) {
    if (block.size() == rows) break;
    block.push_back(Render(line, shape));
  }
  return block;
}

std::string ProgressLine(const Snapshot& view, const Rates& rates) {
  const RunStats& stats = *view.counts;
  std::string line;
  const std::string percent = PercentText(stats, view);
  if (!percent.empty()) line += percent + ": ";
  line += fmt::format(
      "{} done, {} skipped, {} failed, {} left | {}/s now, {}/s overall | {} "
      "in, {} out | {}, ETA {} | memory {} of {} | {} of {} workers busy",
      FormatCount(Done(stats)), FormatCount(Skipped(stats)),
      FormatCount(Failed(stats)), LeftText(view), RateText(rates.now),
      RateText(rates.overall), FormatBytes(stats.bytes_in),
      FormatBytes(stats.bytes_out), FormatDuration(stats.elapsed),
      EtaText(view), FormatBytes(view.memory_used),
      FormatBytes(view.memory_limit), view.busy, view.workers);
  if (stats.workers_lost > 0)
    line += fmt::format(" | {} lost", FormatCount(stats.workers_lost));
  if (stats.retries > 0)
    line += fmt::format(" | {} retries", FormatCount(stats.retries));
  if (view.slowest)
    line += fmt::format(" | slowest {}: {}", MakePrintable(view.slowest->name),
                        SlowText(*view.slowest));
  return line;
}

}  // namespace thumbmill
