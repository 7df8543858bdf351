// coordinator/compare/options.h: the options of `coordinator compare`.
//
// Errors   kUsage: the text says how to type it instead.
// Contract docs/cli.md.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/result.h"

namespace thumbmill {

struct CompareOptions {
  std::vector<std::string> inputs;
  std::string sizes;  // as typed: a comma list
  std::vector<unsigned> workers;
  std::vector<std::string> backends;  // serial, threads, processes
  unsigned repeat = 5;                // measured rounds, without the warm-up
  std::vector<std::string> sets;      // given, tiny, large
  std::string report_dir;             // empty: no files, tables on stdout only
  // Other flags of `run`; each run gets them unchanged.
  std::vector<std::string> passed_on;
};

struct ShowCompareHelp {};
using CompareCommand = std::variant<CompareOptions, ShowCompareHelp>;

// Parses the arguments after the word "compare".
[[nodiscard]] Result<CompareCommand> ParseCompare(
    const std::vector<std::string>& arguments);

// Returns the text of compare --help. docs/cli.md holds the same text.
[[nodiscard]] std::string CompareHelpText();

}  // namespace thumbmill
