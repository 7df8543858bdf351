// coordinator/compare/compare.h: runs one job with each backend and number of
// workers, again and again in turn, and says what each costs and gives.
//
// The idea: the answer must come from the program that people run, on their
// images and machine. So each measurement is a whole run of `coordinator run`
// in a child process, with its full set of outputs, which must be the same
// bytes every time. Runs are interleaved, so that a machine that becomes warm
// or busy treats all alike; medians are shown with the lowest and the highest.
//
// Runs in  the main thread. Returns an exit code of docs/cli.md.
// Leaves   nothing but --report: all runs write below a temporary folder.
#pragma once

#include "coordinator/compare/options.h"

namespace thumbmill {

[[nodiscard]] int Compare(const CompareOptions& options);

}  // namespace thumbmill
