// Links: tm_engine
#include "coordinator/view/progress.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "common/log.h"
#include "coordinator/view/terminal_text.h"

namespace thumbmill {
namespace {

RunStats SomeStats() {
  RunStats stats;
  stats.done = 3123;
  stats.done_before = 1000;
  stats.failed = 37;
  stats.skipped = 12;
  stats.bytes_in = std::uint64_t{1'288'490'189};
  stats.bytes_out = 84'095'795;
  stats.files_out = 9369;
  stats.elapsed = Millis(12'300);
  stats.peak_bytes = 300 << 20;
  return stats;
}

Snapshot SomeView() {
  Snapshot view;
  view.workers = view.busy = 2;
  view.fetching = 14;
  view.ready = 96;
  view.storing = 3;
  view.open = 2048;
  view.left = 5828;
  view.left_exact = true;
  view.eta = Millis(17'000);
  view.memory_used = 212 << 20;
  view.memory_limit = 1536 << 20;
  SlowHost host;
  host.name = "photos.example.org";
  host.recent = Millis(1200);
  host.in_flight = 6;
  view.slowest = host;
  return view;
}

constexpr Rates kRates{343.4, 253.9};

std::string Block(const RunStats& stats, Snapshot view,
                  const BlockShape& shape) {
  std::string text;
  view.counts = &stats;
  for (const std::string& line : ProgressBlock(view, kRates, shape))
    text += line + "\n";
  return text;
}

TEST(ProgressBlock, OnATerminalOf80Columns) {
  EXPECT_EQ(Block(SomeStats(), SomeView(), {80, 24, false}),
            "images   4,123 done, 12 skipped, 37 failed, 5,828 left\n"
            "rate     343/s now, 254/s overall; 41 % in 0:12, ETA 0:17\n"
            "bytes    1.2 GB in, 80.2 MB out\n"
            "memory   212.0 MB of 1.5 GB\n"
            "workers  2 of 2 busy; 14 fetching, 96 ready, 3 storing\n"
            "slowest  photos.example.org: 1.2 s, 6 in flight\n");
}

TEST(ProgressBlock, OnANarrowTerminalEachNumberHasALine) {
  EXPECT_EQ(Block(SomeStats(), SomeView(), {40, 24, false}),
            "done     4,123\n"
            "failed   37\n"
            "skipped  12\n"
            "left     5,828\n"
            "time     0:12, ETA 0:17\n"
            "rate     343/s, all 254/s\n"
            "bytes    1.2 GB in, 80.2 MB out\n"
            "memory   212.0 MB of 1.5 GB\n"
            "workers  2 of 2 busy\n"
            "slowest  photo….org: 1.2 s, 6 in flight\n");
}

TEST(ProgressBlock, OnAWideTerminalLinesStandSideBySide) {
  const std::string gap(15, ' ');
  EXPECT_EQ(
      Block(SomeStats(), SomeView(), {200, 24, false}),
      "images   4,123 done, 12 skipped, 37 failed, 5,828 left\n"
      "rate     343/s now, 254/s overall; 41 % in 0:12, ETA 0:17   bytes    "
      "1.2 GB in, 80.2 MB out\n"
      "memory   212.0 MB of 1.5 GB                                 workers  2 "
      "of 2 busy; 14 fetching, 96 ready, 3 storing\n"
      "slowest  photos.example.org: 1.2 s, 6 in flight\n");
}

TEST(ProgressBlock, ItsLastStateSumsTheRunUp) {
  Snapshot view = SomeView();
  view.ended = true;
  view.left = 0;
  EXPECT_EQ(Block(SomeStats(), view, {80, 24, false}),
            "images   4,123 done, 12 skipped, 37 failed, 0 left\n"
            "rate     254/s in 0:12\n"
            "bytes    1.2 GB in, 80.2 MB out in 9,369 thumbnails\n"
            "memory   peak 300.0 MB of 1.5 GB\n");
}

TEST(ProgressBlock, TellsAnEstimateFromWhatIsKnown) {
  Snapshot view = SomeView();
  view.left_exact = false;
  view.left = 9'998'000;
  EXPECT_NE(Block({}, view, {80, 24, false}).find(", ~9,998,000 left"),
            std::string::npos);
  view.left.reset();
  view.eta.reset();
  const std::string pipe = Block(SomeStats(), view, {80, 24, false});
  EXPECT_NE(pipe.find(", 2,048+ left"), std::string::npos);
  EXPECT_NE(pipe.find("overall; 0:12, ETA --:--"), std::string::npos);
  view.open = 0;
  EXPECT_NE(Block({}, view, {80, 24, false}).find(", ? left"),
            std::string::npos);
}

TEST(ProgressBlock, APercentIsNotRoundedUp) {
  RunStats stats;
  stats.done = 9999;
  Snapshot view = SomeView();
  view.left = 1;
  EXPECT_NE(Block(stats, view, {80, 24, false}).find("; 99 % in"),
            std::string::npos);
}

TEST(ProgressBlock, NoLineIsAsWideAsTheTerminalNorAreThereTooMany) {
  RunStats stats = SomeStats();
  stats.done = stats.failed = stats.skipped = 10'000'000'000;
  stats.workers_lost = stats.retries = 1'000'000;
  Snapshot view = SomeView();
  view.counts = &stats;
  view.slowest->name = "写真\x1b[2J.\xff.example.org" + std::string(300, 'x');
  view.waits_for_memory = true;
  for (const bool ended : {false, true}) {
    view.ended = ended;
    for (std::size_t columns = 1; columns < 260; ++columns) {
      for (const std::size_t rows : {1u, 2u, 5u, 50u}) {
        const auto lines = ProgressBlock(view, kRates, {columns, rows, false});
        EXPECT_LT(lines.size(), std::max<std::size_t>(rows, 2));
        for (const std::string& line : lines) {
          EXPECT_LT(CellsOf(line), std::max<std::size_t>(columns, 2));
          EXPECT_EQ(line, MakePrintable(line));
        }
      }
    }
  }
}

TEST(ProgressBlock, ColourIsAllThatColourChanges) {
  const RunStats stats = SomeStats();
  Snapshot view = SomeView();
  view.counts = &stats;
  const auto lines = ProgressBlock(view, kRates, {80, 24, true});
  EXPECT_EQ(lines[0],
            "\x1b[2mimages   \x1b[0m\x1b[32m4,123 done\x1b[0m, 12 skipped, "
            "\x1b[31m37 failed\x1b[0m, 5,828 left");
  std::string plain;
  for (std::string line : lines) {
    for (std::size_t at; (at = line.find('\x1b')) != std::string::npos;)
      line.erase(at, line.find('m', at) + 1 - at);
    plain += line + "\n";
  }
  EXPECT_EQ(plain, Block(SomeStats(), SomeView(), {80, 24, false}));
}

TEST(ProgressBlock, AHostThatIsHeldSaysForHowLong) {
  Snapshot view = SomeView();
  view.slowest->held = Millis(61'000);
  EXPECT_NE(Block({}, view, {80, 24, false})
                .find("photos.example.org: not asked for 1:01 more"),
            std::string::npos);
}

TEST(ProgressLine, SaysTheSameInOneLine) {
  const RunStats stats = SomeStats();
  Snapshot view = SomeView();
  view.counts = &stats;
  EXPECT_EQ(ProgressLine(view, kRates),
            "41 %: 4,123 done, 12 skipped, 37 failed, 5,828 left | 343/s now, "
            "254/s overall | 1.2 GB in, 80.2 MB out | 0:12, ETA 0:17 | memory "
            "212.0 MB of 1.5 GB | 2 of 2 workers busy | slowest "
            "photos.example.org: 1.2 s, 6 in flight");
}

TEST(RecentRate, IsThatOfTheLastFiveSeconds) {
  ManualClock clock;
  RecentRate rate;
  EXPECT_EQ(rate.Sample(clock.Now(), 0), 0);
  double last = 0;
  for (int i = 1; i <= 100; ++i) {
    clock.Advance(Millis(100));
    // The rate is 10 per second for 5 s, then 100 per second.
    last = rate.Sample(clock.Now(), static_cast<std::uint64_t>(
                                        i <= 50 ? i : 50 + (i - 50) * 10));
    if (i == 50) {
      EXPECT_NEAR(last, 10, 0.5);
    }
  }
  EXPECT_NEAR(last, 100, 2);
}

// ---- output to the terminal ---------------------------------------------

TEST(DrawnBlock, ErasesWhatWasThereAndComesBackToItsStart) {
  EXPECT_EQ(DrawnBlock({"ab", "c"}), "\rab\x1b[K\r\nc\x1b[K\x1b[J\r\x1b[1A");
  EXPECT_EQ(DrawnBlock({"ab"}), "\rab\x1b[K\x1b[J\r");
}

class ProgressTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("NO_COLOR");
    setenv("COLUMNS", "80", 1);
    setenv("LINES", "24", 1);
    out_ = open_memstream(&text_, &size_);
    stats_ = SomeStats();
    clock_.Advance(Millis(1000));
    stats_.started = clock_.Now();
  }
  void TearDown() override {
    std::fclose(out_);
    std::free(text_);
  }
  std::string Taken() {
    std::fflush(out_);
    std::string text(text_ + taken_, size_ - taken_);
    taken_ = size_;
    return text;
  }
  Snapshot View() const {
    Snapshot view = SomeView();
    view.counts = &stats_;
    return view;
  }

  char* text_ = nullptr;
  std::size_t size_ = 0, taken_ = 0;
  std::FILE* out_ = nullptr;
  ManualClock clock_;
  RunStats stats_;
};

TEST_F(ProgressTest, NoneWritesNothing) {
  {
    Progress progress(ProgressMode::kNone, Millis(1), out_);
    progress.Show(View(), clock_.Now());
  }
  EXPECT_EQ(Taken(), "");
}

TEST_F(ProgressTest, WhatIsNoTerminalGetsLinesAtTheirInterval) {
  Progress progress(ProgressMode::kAuto, Millis(10'000), out_);
  for (int i = 0; i < 250; ++i) {
    progress.Show(View(), clock_.Now());
    clock_.Advance(Millis(100));
  }
  const std::string text = Taken();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(ProgressTest, ABlockIsDrawnTenTimesASecondAtMost) {
  Progress progress(ProgressMode::kTty, Millis(10'000), out_);
  for (int i = 0; i < 1000; ++i) {
    progress.Show(View(), clock_.Now());
    clock_.Advance(Millis(1));
  }
  const std::string text = Taken();
  int drawn = 0;
  for (std::size_t at = 0;
       (at = text.find("\x1b[?2026h", at)) != std::string::npos; ++at)
    ++drawn;
  EXPECT_EQ(drawn, 10);
}

TEST_F(ProgressTest, AfterAResizeItIsDrawnAtOnceInItsNewWidth) {
  Progress progress(ProgressMode::kTty, Millis(10'000), out_);
  progress.Show(View(), clock_.Now());
  (void)Taken();
  setenv("COLUMNS", "40", 1);
  progress.Resized();
  progress.Show(View(), clock_.Now());
  EXPECT_NE(Taken().find("4,123\x1b[0m\x1b[K\r\n"), std::string::npos);
}

TEST_F(ProgressTest, NoColorMeansNone) {
  setenv("NO_COLOR", "1", 1);
  Progress progress(ProgressMode::kTty, Millis(10'000), out_);
  progress.Show(View(), clock_.Now());
  EXPECT_EQ(Taken().find("\x1b[3"), std::string::npos);
  unsetenv("NO_COLOR");
}

TEST_F(ProgressTest, LogLinesGoAboveTheBlockAndAreNotObeyed) {
  (void)InitLog({LogLevel::kWarning, "", false, "test"});
  Progress progress(ProgressMode::kTty, Millis(10'000), out_);
  progress.Show(View(), clock_.Now());
  (void)Taken();
  LogWarning("a \x1b[2J file");
  const std::string text = Taken();
  EXPECT_EQ(text.find("\x1b[?2026h\r\x1b[K\x1b[C\x1b[J\r"), 0u);
  EXPECT_NE(text.find("warning: a \\x1b[2J file\r\n\r"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\x1b[5A\x1b[?2026l"));
}

TEST_F(ProgressTest, TheLastStateStaysAndTheCursorIsBelow) {
  {
    Progress progress(ProgressMode::kTty, Millis(10'000), out_);
    progress.Show(View(), clock_.Now());
    Snapshot last = View();
    last.ended = true;
    progress.Show(last, clock_.Now());
    (void)Taken();
  }
  EXPECT_TRUE(Taken().ends_with("\r\x1b[3A\x1b[3B\r\n"));
}

TEST_F(ProgressTest, SuspendedItLeavesTheTerminalAndComesBack) {
  Progress progress(ProgressMode::kTty, Millis(10'000), out_);
  progress.Show(View(), clock_.Now());
  (void)Taken();
  progress.Suspend();
  const std::string left = Taken();
  EXPECT_NE(left.find("4,123 done"), std::string::npos);
  EXPECT_TRUE(left.ends_with("\x1b[5B\r\n"));
  progress.Show(View(), clock_.Now());
  EXPECT_NE(Taken().find("4,123 done"), std::string::npos);
}

}  // namespace
}  // namespace thumbmill
