// coordinator/cli/cli.h: the command line into RunOptions.
//
// Errors  kUsage: what is wrong and what to type instead.
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

[[nodiscard]] Result<Command> ParseCommandLine(
    const std::vector<std::string>& arguments);

// The text of --help; docs/cli.md carries it word for word.
[[nodiscard]] std::string_view HelpText();
// Every long flag that the parser takes, without its dashes: so that a test
// can hold the help against it.
[[nodiscard]] std::vector<std::string> KnownFlags();

}  // namespace thumbmill
