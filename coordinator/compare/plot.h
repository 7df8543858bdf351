// coordinator/compare/plot.h: the plots of a comparison, as a script of
// gnuplot.
#pragma once

#include <string>

#include "coordinator/compare/results.h"

namespace thumbmill {

// Returns a script that draws, for each set, the speed against the workers and
// the time of an image by stage, into the SVG `file`.
[[nodiscard]] std::string PlotScript(const Comparison& comparison,
                                     const std::string& file);

}  // namespace thumbmill
