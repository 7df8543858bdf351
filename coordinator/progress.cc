#include "coordinator/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/log.h"
#include "coordinator/console.h"
#include "coordinator/units.h"

namespace thumbmill {
namespace {

constexpr Millis kRedraw{100};

bool IsCapableTerminal(std::FILE* out) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(out)) == 1 && term != nullptr &&
         std::strcmp(term, "dumb") != 0;
}

std::size_t TerminalWidth(std::FILE* out) {
  winsize size{};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return size.ws_col;
}

// Before a minute of figures is there, an ETA would only jump about.
std::string Eta(const RunStats& stats, const RunView& view) {
  if (view.fraction <= 0.001 || stats.elapsed < Millis(1000)) return "--:--";
  const double total =
      static_cast<double>(stats.elapsed.count()) / view.fraction;
  return FormatDuration(Millis(static_cast<std::int64_t>(
      total - static_cast<double>(stats.elapsed.count()))));
}

}  // namespace

std::string ProgressLine(const RunStats& stats, const RunView& view,
                         double rate) {
  std::string line;
  if (view.fraction >= 0)
    line += fmt::format("{:3.0f}% ", std::clamp(view.fraction, 0.0, 1.0) * 100);
  line += fmt::format("{} done", FormatCount(stats.done + stats.done_before));
  if (stats.failed > 0)
    line += fmt::format(", {} failed", FormatCount(stats.failed));
  if (stats.skipped > 0)
    line += fmt::format(", {} skipped", FormatCount(stats.skipped));
  line += fmt::format(" | {:.0f} images/s | in {}, out {} | ETA {}", rate,
                      FormatBytes(stats.bytes_in),
                      FormatBytes(stats.bytes_out), Eta(stats, view));
  if (view.listing_ended)
    line += fmt::format(" | {} left", FormatCount(view.waiting));
  if (stats.retries > 0)
    line += fmt::format(" | {} retries", FormatCount(stats.retries));
  return line;
}

Progress::Progress(ProgressMode mode, Millis plain_interval, std::FILE* out)
    : interval_(plain_interval), out_(out) {
  const bool terminal =
      mode == ProgressMode::kTty ||
      (mode == ProgressMode::kAuto && IsCapableTerminal(out));
  if (mode == ProgressMode::kNone) return;
  style_ = terminal ? Style::kLine : Style::kPlain;
  if (!terminal) return;
  interval_ = kRedraw;
  SetLogWriter(&Progress::WriteAbove, this);
}

Progress::~Progress() {
  if (style_ != Style::kLine) return;
  SetLogWriter(nullptr, nullptr);
  Clear();
}

void Progress::Show(const RunStats& stats, const RunView& view,
                    TimePoint now) {
  if (style_ == Style::kNone) return;
  if (last_ == TimePoint{}) last_ = stats.started;
  const auto since = std::chrono::duration_cast<Millis>(now - last_);
  if (since < interval_) return;
  const double current = static_cast<double>(stats.finished() - last_finished_) * 1000 /
                         static_cast<double>(since.count());
  // Commits come in batches: a smoothed rate, a few seconds long.
  const double weight = std::min(
      1.0, static_cast<double>(since.count()) / 3000);
  rate_ = rate_ == 0 ? current : rate_ + (current - rate_) * weight;
  last_ = now;
  last_finished_ = stats.finished();
  Draw(ProgressLine(stats, view, rate_));
}

void Progress::Draw(const std::string& line) {
  const std::lock_guard lock(drawing_);
  if (style_ == Style::kPlain) {
    Say(out_, "{}\n", line);
    std::fflush(out_);
    return;
  }
  drawn_ = line.substr(0, TerminalWidth(out_) - 1);
  Say(out_, "\r{}\x1b[K", drawn_);
  std::fflush(out_);
}

void Progress::Clear() {
  const std::lock_guard lock(drawing_);
  if (style_ != Style::kLine || drawn_.empty()) return;
  Say(out_, "\r\x1b[K");
  std::fflush(out_);
  drawn_.clear();
}

void Progress::WriteAbove(void* self, std::string_view line) {
  auto* progress = static_cast<Progress*>(self);
  const std::lock_guard lock(progress->drawing_);
  Say(progress->out_, "\r\x1b[K{}{}", line, progress->drawn_);
  std::fflush(progress->out_);
}

}  // namespace thumbmill
