// coordinator/view/progress_text.h: formats the progress of a run as a block
// for a terminal or as a line for a log.
//
// The counts include images whose records are durable in the journal, and
// images of this list that were final before the run. The bytes are those of
// the durable records of this run. docs/cli.md explains each number.
//
// Pure     returns text only, so that tests can read it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/engine/snapshot.h"

namespace thumbmill {

// Rates in images done a second.
struct Rates {
  double now = 0;      // over the last seconds
  double overall = 0;  // over the run
};

// The size and the abilities of the terminal.
struct BlockShape {
  std::size_t columns = 80, rows = 24;
  bool colour = false;
};

// Returns the lines of the block from top to bottom, without cursor movements.
// Each line is narrower than the terminal, and there are fewer lines than rows.
[[nodiscard]] std::vector<std::string> ProgressBlock(const Snapshot& view,
                                                     const Rates& rates,
                                                     const BlockShape& shape);

// Returns the same numbers as one line, without a line end.
[[nodiscard]] std::string ProgressLine(const Snapshot& view,
                                       const Rates& rates);

}  // namespace thumbmill
