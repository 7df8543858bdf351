// coordinator/view/report_json.h: the report, the recipe and a failed record as
// JSON.
//
// Pure     returns text only. The report redacts URLs; a failed record keeps
//          them verbatim.
#pragma once

#include <string>

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

// Returns the text of report.json.
[[nodiscard]] std::string ReportJson(const RunFacts& facts);
// Returns one line of failed.jsonl, without the line end.
[[nodiscard]] std::string FailedJson(const ItemRecord& record);

}  // namespace thumbmill
