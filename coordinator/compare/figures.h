// coordinator/compare/figures.h: the figures that tables, files and plots show,
// computed from the measurements.
//
// Units   in the names; "an image" is one that the run made.
#pragma once

#include <vector>

#include "coordinator/compare/results.h"

namespace thumbmill::figures {

[[nodiscard]] double Rate(const ChildResult& run);            // images a second
[[nodiscard]] double CpuPerThousand(const ChildResult& run);  // seconds
[[nodiscard]] double PrivateMb(const ChildResult& run);
[[nodiscard]] double SharedMb(const ChildResult& run);
[[nodiscard]] double Switches(const ChildResult& run);      // an image
[[nodiscard]] double CopiedBytes(const ChildResult& run);   // an image
[[nodiscard]] double MessageBytes(const ChildResult& run);  // an image
[[nodiscard]] double FirstMs(const ChildResult& run);
[[nodiscard]] double WallSeconds(const ChildResult& run);

// A stage of the plot, and the latencies of a run's report that add up to it.
struct Stage {
  const char* name;
  std::vector<const char*> of;
};
[[nodiscard]] const std::vector<Stage>& Stages();
// Returns the median milliseconds that an image spends in a stage.
[[nodiscard]] double StageMs(const MeasuredCase& measured, const Stage& stage);
// Returns the images a second of the serial case, or 0 if it was not measured.
[[nodiscard]] double SerialRate(const MeasuredSet& set);

}  // namespace thumbmill::figures
