// Links: tm_compare
#include <gtest/gtest.h>

#include "coordinator/compare/results.h"

namespace thumbmill {
namespace {

ChildResult Run(double seconds) {
  ChildResult run;
  run.exit_code = 0;
  run.seconds = seconds;
  run.cpu_seconds = 2 * seconds;
  run.done = 100;
  run.context_switches = 500;
  return run;
}

Comparison TwoBackends(double threads_seconds) {
  MeasuredSet set;
  set.name = "given";
  set.what = "100 images";
  set.images = 100;
  const ChildResult threads = Run(threads_seconds);
  set.cases = {{"serial", 1, {Run(10), Run(11), Run(11), Run(12)}},
               {"threads", 2, {threads, threads, threads, threads}},
               {"processes", 2, {Run(5), Run(5), Run(6), Run(6)}}};
  Comparison comparison;
  comparison.sets.push_back(set);
  return comparison;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(TablesOf, ShowsMediansAndSpeedUpOverSerial) {
  const std::string text = TablesOf(TwoBackends(5.5));
  // The median is 100 images in 11 s; 100 in 5.5 s is twice that speed.
  EXPECT_TRUE(Has(text, "| serial | 1 | 9.1 (8.3–10.0) | 1.00× | 100 % |"))
      << text;
  EXPECT_TRUE(Has(text, "| threads | 2 | 18.2 (18.2–18.2) | 2.00× | 100 % |"))
      << text;
}

TEST(TablesOf, CallsADifferenceBelowTheSpreadNotDistinguishable) {
  EXPECT_TRUE(Has(TablesOf(TwoBackends(5.5)),
                  "2 workers: processes and threads are not distinguishable"));
  EXPECT_TRUE(Has(TablesOf(TwoBackends(2)), "% slower than threads"));
}

TEST(TablesOf, SaysWhichSpeedUpsAreNone) {
  EXPECT_FALSE(Has(TablesOf(TwoBackends(5)), "n. d."));
  const std::string text = TablesOf(TwoBackends(10.5));
  EXPECT_TRUE(Has(text, "| threads | 2 | 9.5 (9.5–9.5) | 1.05× (n. d.) |"))
      << text;
  EXPECT_TRUE(Has(text, "n. d.: not distinguishable from serial"));
}

TEST(TablesOf, SaysWhatACrashCost) {
  Comparison comparison = TwoBackends(5);
  comparison.crashes = {{"threads", 2, 100, 40, 11, -1, 0},
                        {"processes", 2, 100, 100, 0, 2, 1}};
  const std::string text = TablesOf(comparison);
  EXPECT_TRUE(Has(text,
                  "| threads | 2 | lost: Segmentation fault | 40 of 100 "
                  "| no |"))
      << text;
  EXPECT_TRUE(Has(text,
                  "| processes | 2 | finished, exit code 2 | 100 of 100 "
                  "| yes, in failed.jsonl |"))
      << text;
}

}  // namespace
}  // namespace thumbmill
