// coordinator/view/report.h: the results of a run for programs and people:
// report.json, failed.jsonl and the summary.
//
// Each file is written under a temporary name and renamed. The report redacts
// URLs; failed.jsonl keeps them verbatim (mode 0600), so that a user can give
// it as --input.
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
  JournalCounts counts;  // all items of the state, also of other lists
  bool counted = false;  // whether `counts` is known; a stop ends the count
  std::string ended;     // "finished", "interrupted", "limit", "fatal"
  std::string error;     // text of the error that ended the run, or empty
  int exit_code = 0;
  std::size_t workers = 0;
  std::uint64_t memory_limit = 0;
};

// Returns the recipe without its sizes as canonical JSON. A resumed run must
// have the same one as the first run.
[[nodiscard]] std::string RecipeJson(const RunOptions& options);

[[nodiscard]] Status WriteReport(const Place& place, const RunFacts& facts);
// Writes every failed item of the state to failed.jsonl in the state's folder.
// Writes an empty file if nothing has failed.
[[nodiscard]] Status WriteFailed(int state, Records* records);
// Returns the counts of this run for people. Not needed after a block, which
// shows them.
[[nodiscard]] std::string Totals(const RunFacts& facts);
// Returns the other lines of the summary: earlier records and reasons.
[[nodiscard]] std::string Summary(const RunFacts& facts);

}  // namespace thumbmill
