// coordinator/compare/comparer.h: one comparison: makes its images, runs the
// backends, and keeps the measurements.
//
// Owns     a temporary folder for all images and outputs.
// Runs in  the main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/compare/child_run.h"
#include "coordinator/compare/files.h"
#include "coordinator/compare/options.h"
#include "coordinator/compare/results.h"

namespace thumbmill {

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) {}
  [[nodiscard]] int Run();

 private:
  using Words = std::vector<std::string>;

  struct Job {
    MeasuredSet set;
    Words inputs;        // the --input flags of each run
    std::string digest;  // of the outputs; empty before the first run
  };

  // Returns the inputs as the user gave them, as flags of a run.
  [[nodiscard]] Words InputFlags() const;
  [[nodiscard]] Status ListSources();
  [[nodiscard]] Status MakeSet(const std::string& name);
  [[nodiscard]] Status MakeTiny(Job* job);
  [[nodiscard]] Status MakeLarge(Job* job);
  [[nodiscard]] Status Prepare(const Words& inputs, const std::string& out,
                               const Words& flags);
  [[nodiscard]] Status Measure();
  [[nodiscard]] Status MeasureRound(unsigned round);
  [[nodiscard]] Status MeasureOnce(Job* job, MeasuredCase* measured,
                                   bool counts);
  [[nodiscard]] Status MeasureCrashes();
  [[nodiscard]] Status MeasureCrash(const std::string& backend,
                                    const std::string& list,
                                    std::uint64_t images);
  [[nodiscard]] Result<ChildResult> RunIn(const Words& inputs,
                                          const std::string& out, Words flags);
  void Print(const std::string& text) const;

  const CompareOptions& options_;
  TemporaryFolder folder_;
  Words sources_;  // each image, in the order of the list
  std::vector<Job> jobs_;
  Comparison comparison_;
  int interrupted_ = 0;
};

}  // namespace thumbmill
