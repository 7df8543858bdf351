// coordinator/compare/results.h: what was measured, and its forms for people
// and for programs.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/compare/child_run.h"
#include "coordinator/compare/statistics.h"

namespace thumbmill {

// One backend with a number of workers, on one set of images.
struct MeasuredCase {
  std::string backend;
  unsigned workers = 1;
  std::vector<ChildResult> runs;  // the warm-up is not among them

  [[nodiscard]] Spread ImagesPerSecond() const;
  // The median over the runs of anything that a run knows.
  [[nodiscard]] double Median(double (*figure)(const ChildResult&)) const;
};

struct MeasuredSet {
  std::string name;
  std::string what;  // for people: how many images of which size
  std::uint64_t images = 0;
  std::vector<MeasuredCase> cases;

  // Null: was not measured.
  [[nodiscard]] const MeasuredCase* Find(const std::string& backend,
                                         unsigned workers) const;
};

// A job with one image among the others that crashes its decoder.
struct CrashCase {
  std::string backend;
  unsigned workers = 1;
  std::uint64_t images = 0;    // that should have been made
  std::uint64_t complete = 0;  // that were, when the run had ended
  int signal = 0;              // that ended the whole run; 0: it ended itself
  int exit_code = 0;
  std::uint64_t named = 0;  // images reported as failed
};

struct Comparison {
  std::string machine;  // processor, cores, system
  std::string date;
  std::string command;
  unsigned rounds = 0;
  std::vector<MeasuredSet> sets;
  std::vector<CrashCase> crashes;
};

// Markdown that reads well in a terminal too.
[[nodiscard]] std::string TablesOf(const Comparison& comparison);
// Writes compare.json, compare.csv, compare.md and, where gnuplot is,
// compare.svg. kNotFound: all but the plot was written.
[[nodiscard]] Status WriteReports(const Comparison& comparison,
                                  const std::string& folder);

}  // namespace thumbmill
