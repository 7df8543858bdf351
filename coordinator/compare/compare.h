// coordinator/compare/compare.h: runs one job with each backend and number of
// workers, several times in turn, and shows the speed and the cost of each.
//
// The idea: the answer must come from the program that people run, on their
// images and on their machine. Each measurement is therefore a whole run of
// `coordinator run` in a child process. It writes all outputs, which must have
// the same bytes every time. The runs are interleaved, so that a machine that
// becomes warm or busy affects all cases alike. The tables show medians with
// the lowest and the highest value.
//
// Runs in  the main thread. Returns an exit code of docs/cli.md.
// Leaves   only the files of --report: all runs write below a temporary folder.
#pragma once

#include "coordinator/compare/options.h"

namespace thumbmill {

[[nodiscard]] int Compare(const CompareOptions& options);

}  // namespace thumbmill
