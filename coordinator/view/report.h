// coordinator/view/report.h: the results of a run for programs and people:
// report.json, failed.jsonl and the summary.
//
// Each file is written under a temporary name and renamed. The report redacts
// URLs; failed.jsonl keeps them verbatim (mode 0600), so that a user can give
// it as --input.
//
// Errors   only warnings, because the run has done its work.
#pragma once

#include <atomic>

#include "coordinator/cli/options.h"
#include "coordinator/engine/engine.h"
#include "coordinator/journal/journal.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {

// The parts of a run that are still there when it has ended.
struct Remains {
  Journal* journal = nullptr;
  int state = -1;                     // the folder; -1 if nothing is kept
  std::atomic<bool>* stop = nullptr;  // ends a long query of the journal
  bool totals_shown = false;          // the last progress block shows them
};

// Writes the files and prints the summary to stderr.
void LeaveReport(const RunOptions& options, const RunStats& stats,
                 const RunEnd& end, int exit_code, const Remains& remains);

}  // namespace thumbmill
