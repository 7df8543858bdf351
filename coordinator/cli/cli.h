// coordinator/cli/cli.h: parses the command line into RunOptions.
//
// Errors  kUsage: the text names the fault and says how to type it instead.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/result.h"
#include "coordinator/cli/options.h"

namespace thumbmill {

struct ShowHelp {};
struct ShowVersion {};
using Command = std::variant<RunOptions, ShowHelp, ShowVersion>;

// Parses the arguments of `coordinator [run]`, and checks each value.
[[nodiscard]] Result<Command> ParseCommandLine(
    const std::vector<std::string>& arguments);

// Returns the text of --help. docs/cli.md holds the same text.
[[nodiscard]] std::string_view HelpText();
// Returns every long flag that the parser takes, without its dashes. A test
// compares the help with it.
[[nodiscard]] std::vector<std::string> KnownFlags();

}  // namespace thumbmill
