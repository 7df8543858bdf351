#include "coordinator/view/progress.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "common/log.h"
#include "coordinator/view/console.h"
#include "coordinator/view/terminal_text.h"

namespace thumbmill {
namespace {

constexpr Millis kRedraw{100};
constexpr Millis kRateWindow{5000};

// Mark a synchronised update: a terminal that knows these codes shows the text
// between them in one step. Others ignore both.
constexpr const char* kBegin = "\x1b[?2026h";
constexpr const char* kEnd = "\x1b[?2026l";
// Erases from the start of the line to the end of the screen. If one code
// erased from the screen's first cell on, tmux would copy the erased text to
// its history: so this first erases the line, then everything after its first
// cell.
constexpr const char* kEraseBelow = "\r\x1b[K\x1b[C\x1b[J\r";

bool IsCapableTerminal(std::FILE* out) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(out)) == 1 && term != nullptr && *term != '\0' &&
         std::strcmp(term, "dumb") != 0;
}

// Returns false if NO_COLOR is set and not empty (https://no-color.org).
bool WantsColour() {
  const char* refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

std::size_t FromEnvironment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  std::size_t value = 0;
  const auto [rest, error] =
      std::from_chars(text, text + std::strlen(text), value);
  return error == std::errc() && *rest == '\0' && value > 0 ? value : otherwise;
}

// Returns whether a write would not block.
bool TakesMore(std::FILE* out) {
  if (fileno(out) < 0) return true;  // a stream in memory, in tests
  pollfd ready{fileno(out), POLLOUT, 0};
  return poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0;
}

// Makes log lines safe for a terminal and ends each with "\r\n".
std::string LogText(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += MakePrintable(lines.substr(0, end)) + "\r\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

}  // namespace

double RecentRate::Sample(TimePoint now, std::uint64_t done) {
  samples_.emplace_back(now, done);
  // Keep one sample that is older than the window, as the start to compare
  // with.
  while (samples_.size() > 2 && now - samples_[1].first >= kRateWindow)
    samples_.pop_front();
  const auto& [since, before] = samples_.front();
  const double seconds = std::chrono::duration<double>(now - since).count();
  return seconds > 0 ? static_cast<double>(done - before) / seconds : 0;
}

std::string DrawnBlock(const std::vector<std::string>& lines) {
  std::string text = "\r";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    text += lines[i] + "\x1b[K";
  }
  text += "\x1b[J\r";
  if (lines.size() > 1) text += fmt::format("\x1b[{}A", lines.size() - 1);
  return text;
}

Progress::Progress(ProgressMode mode, Millis plain_interval, std::FILE* out)
    : interval_(plain_interval), out_(out) {
  const bool terminal = mode == ProgressMode::kTty ||
                        (mode == ProgressMode::kAuto && IsCapableTerminal(out));
  if (mode == ProgressMode::kNone) return;
  style_ = terminal ? Style::kBlock : Style::kPlain;
  if (!terminal) return;
  interval_ = kRedraw;
  colour_ = WantsColour();
  SetLogWriter(&Progress::WriteAbove, this);
}

Progress::~Progress() {
  if (style_ != Style::kBlock) return;
  SetLogWriter(nullptr, nullptr);
  LeaveBlock();
}

void Progress::Show(const Snapshot& view, TimePoint now) {
  const RunStats& stats = *view.counts;
  if (style_ == Style::kNone) return;
  if (style_ == Style::kPlain) {
    // The first line appears one interval after the start.
    if (last_ == TimePoint{}) last_ = stats.started;
    // The summary shows the end of the run.
    if (view.ended) return;
  }
  if (!view.ended && now - last_ < interval_) return;
  last_ = now;
  const Rates rates{rate_.Sample(now, stats.done), stats.images_per_second()};
  if (style_ == Style::kBlock)
    return DrawBlock(ProgressBlock(view, rates, Shape()), view.ended);
  if (!TakesMore(out_)) return;
  Print(out_, "{}\n", ProgressLine(view, rates));
  std::fflush(out_);
}

BlockShape Progress::Shape() const {
  BlockShape shape;
  shape.colour = colour_;
  winsize size{};
  const bool told = ioctl(fileno(out_), TIOCGWINSZ, &size) == 0;
  shape.columns =
      told && size.ws_col > 0 ? size.ws_col : FromEnvironment("COLUMNS", 80);
  shape.rows =
      told && size.ws_row > 0 ? size.ws_row : FromEnvironment("LINES", 24);
  return shape;
}

void Progress::DrawBlock(std::vector<std::string> lines, bool for_good) {
  const std::lock_guard lock(drawing_);
  // The last block must appear, even if the terminal is slow.
  if (!for_good && !TakesMore(out_)) return;
  drawn_ = std::move(lines);
  Print(out_, "{}{}{}", kBegin, DrawnBlock(drawn_), kEnd);
  std::fflush(out_);
}

void Progress::Suspend() {
  LeaveBlock();
  last_ = {};
}

// Moves the cursor to the line below the block. Draws the block once more
// first, because the terminal has echoed ^Z or ^C into it.
void Progress::LeaveBlock() {
  const std::lock_guard lock(drawing_);
  if (style_ != Style::kBlock || drawn_.empty()) return;
  Print(out_, "{}{}\r\n", DrawnBlock(drawn_),
        drawn_.size() > 1 ? fmt::format("\x1b[{}B", drawn_.size() - 1) : "");
  std::fflush(out_);
  drawn_.clear();
}

void Progress::WriteAbove(void* self, std::string_view line) {
  auto* progress = static_cast<Progress*>(self);
  const std::lock_guard lock(progress->drawing_);
  Print(progress->out_, "{}{}{}{}{}", kBegin,
        progress->drawn_.empty() ? "" : kEraseBelow, LogText(line),
        progress->drawn_.empty() ? "" : DrawnBlock(progress->drawn_), kEnd);
  std::fflush(progress->out_);
}

}  // namespace thumbmill
