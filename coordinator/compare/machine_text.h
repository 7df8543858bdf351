// coordinator/compare/machine_text.h: names the machine and the day of a
// measurement, for people.
#pragma once

#include <string>

namespace thumbmill {

// Returns the processor, the number of usable cores and the system.
[[nodiscard]] std::string MachineText();
// Returns the local date as 2025-01-31.
[[nodiscard]] std::string Today();

}  // namespace thumbmill
