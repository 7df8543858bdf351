// coordinator/view/progress_text.h: what a run says of itself, as text: a block
// for a terminal, a line for a log.
//
// The counts are those of images whose records are durable in the journal,
// with those of this list that were final before the run; so are the bytes,
// of this run. What each number means: docs/cli.md.
//
// Pure     tests read it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/stats/run_stats.h"

namespace thumbmill {

// Images done a second.
struct Rates {
  double now = 0;      // of the last seconds
  double overall = 0;  // of the run
};

struct BlockShape {
  std::size_t columns = 80, rows = 24;
  bool colour = false;
};

// The lines of the block, top first, without what positions them. None is as
// wide as the terminal, and there are fewer of them than it has rows.
[[nodiscard]] std::vector<std::string> ProgressBlock(const RunStats& stats,
                                                     const RunView& view,
                                                     const Rates& rates,
                                                     const BlockShape& shape);

// The same in one line, without its end.
[[nodiscard]] std::string ProgressLine(const RunStats& stats,
                                       const RunView& view, const Rates& rates);

}  // namespace thumbmill
