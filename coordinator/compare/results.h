// coordinator/compare/results.h: the measurements of a comparison, and their
// output as tables, JSON, CSV and a plot.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/compare/child_run.h"
#include "coordinator/compare/statistics.h"

namespace thumbmill {

// The runs of one backend with one number of workers on one set of images.
struct MeasuredCase {
  std::string backend;
  unsigned workers = 1;
  std::vector<ChildResult> runs;  // without the warm-up

  [[nodiscard]] Spread ImagesPerSecond() const;
  // Returns the median over the runs of the value that `figure` returns.
  [[nodiscard]] double Median(double (*figure)(const ChildResult&)) const;
};

struct MeasuredSet {
  std::string name;
  std::string what;  // number and size of the images, for people
  std::uint64_t images = 0;
  std::vector<MeasuredCase> cases;

  // Returns null if the case was not measured.
  [[nodiscard]] const MeasuredCase* Find(const std::string& backend,
                                         unsigned workers) const;
};

// One run whose list holds an image that crashes its decoder.
struct CrashCase {
  std::string backend;
  unsigned workers = 1;
  std::uint64_t images = 0;    // images that the run should make
  std::uint64_t complete = 0;  // images that it made
  int signal = 0;              // that ended the whole run; 0: it exited
  int exit_code = 0;
  std::uint64_t named = 0;  // images that the report names as crashed
};

struct Comparison {
  std::string machine;  // processor, cores, system
  std::string date;
  std::string command;
  unsigned rounds = 0;
  std::vector<MeasuredSet> sets;
  std::vector<CrashCase> crashes;
};

// Returns the tables as Markdown that is also easy to read in a terminal.
[[nodiscard]] std::string TablesOf(const Comparison& comparison);
// Writes compare.json, compare.csv, compare.md and compare.svg. Fails with
// kNotFound if gnuplot is not installed; only the plot is missing then.
[[nodiscard]] Status WriteReports(const Comparison& comparison,
                                  const std::string& folder);

}  // namespace thumbmill
