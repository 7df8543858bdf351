// coordinator/view/report.h: what a run leaves behind for programs and people:
// report.json, failed.jsonl, the summary.
//
// Each file is written beside its place and renamed. URLs are redacted in the
// report; failed.jsonl keeps them verbatim (mode 0600), so that it can be
// given as --input.
#pragma once

#include <string>

#include "common/own_files.h"
#include "common/result.h"
#include "coordinator/cli/options.h"
#include "coordinator/journal/journal.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {

struct RunFacts {
  const RunOptions* options = nullptr;
  const RunStats* stats = nullptr;
  JournalCounts counts;  // of every item in the state
  bool counted = false;  // false: there was no time to count them
  std::string ended;     // "finished", "interrupted", "limit", "fatal"
  std::string error;     // of a fatal end
  int exit_code = 0;
  std::size_t workers = 0;
  std::uint64_t memory_limit = 0;
};

// The recipe without its sizes, as canonical JSON: what a resumed run must
// have in common with the first.
[[nodiscard]] std::string RecipeJson(const RunOptions& options);

[[nodiscard]] Status WriteReport(const Place& place, const RunFacts& facts);
// Writes failed.jsonl into the state's folder: every failed item of the state;
// an empty file where nothing has failed.
[[nodiscard]] Status WriteFailed(int state, Journal* journal);
// Lines for people: the counts of this run, as the last state of the block on
// a terminal has them, and what is to be said beside.
[[nodiscard]] std::string Totals(const RunFacts& facts);
[[nodiscard]] std::string Summary(const RunFacts& facts);

}  // namespace thumbmill
