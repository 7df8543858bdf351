// coordinator/cli/cli.h: parses the command line into RunOptions, and prints
// the usage and the help.
//
// Errors  kUsage: the text names the fault and says how to type it instead.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"
#include "coordinator/cli/options.h"

namespace thumbmill {

struct ShowHelp {};
struct ShowVersion {};
using Command = std::variant<RunOptions, ShowHelp, ShowVersion>;

// Parses the arguments of `coordinator run`, without the word "run", and checks
// each value.
[[nodiscard]] Result<Command> ParseCommandLine(
    const std::vector<std::string>& arguments);

// A command of the program: `coordinator NAME ARGUMENTS`.
struct CommandRow {
  std::string_view name;
  std::string_view arguments;  // as the usage shows them
  std::string_view help;       // one line
  // Gets the arguments after the name; returns the exit code.
  int (*run)(const std::vector<std::string>& arguments);
};

// Returns the command with this name, or null.
[[nodiscard]] const CommandRow* FindCommand(
    std::span<const CommandRow> commands, std::string_view name);
// Returns the command that a misspelt word was probably meant to be, or null.
// A word that may be a source (it names a file, or looks like a path or a URL)
// is never a misspelt command.
[[nodiscard]] const CommandRow* NearestCommand(
    std::span<const CommandRow> commands, const std::string& word);

// Returns the usage: how to call each command, and two examples.
[[nodiscard]] std::string UsageText(std::span<const CommandRow> commands);
// Returns the text of --help. docs/cli.md holds the same text.
[[nodiscard]] std::string HelpText(std::span<const CommandRow> commands);

}  // namespace thumbmill
