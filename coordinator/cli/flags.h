// coordinator/cli/flags.h: every flag of `coordinator run`, one row each, and
// the values that need another flag before they can be checked.
#pragma once

#include <string>
#include <vector>

#include "coordinator/cli/flag_table.h"
#include "coordinator/cli/options.h"
#include "proto/size_spec.h"

namespace thumbmill {

// The options while the command line is read. The steps of cli_steps.h check
// the fields beside `options`, and complete `options` with them.
struct Draft {
  // Sets the defaults that depend on the machine.
  Draft();

  RunOptions options;
  std::vector<std::string> sizes;  // as typed; each may be a comma list
  Fit fit = Fit::kInside;          // of the sizes without a suffix
  std::string preset, image_size, resize_mode;
  std::string user_agent, header_file;
  std::vector<std::string> headers, put_headers;
  int verbose = 0;
};

// Returns the rows. Their fields lie in `draft`, which must outlive them.
[[nodiscard]] FlagTable RunFlags(Draft* draft);

}  // namespace thumbmill
