// coordinator/compare/options.h: what `coordinator compare` was asked to do.
//
// Contract docs/cli.md. Errors are kUsage and say what to type instead.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace thumbmill {

struct CompareOptions {
  std::vector<std::string> inputs;
  std::string sizes;  // as typed: a comma list
  std::vector<unsigned> workers;
  std::vector<std::string> backends;  // of serial, threads, processes
  unsigned repeat = 5;                // measured rounds, after one to warm up
  std::vector<std::string> sets;      // of given, tiny, large
  std::string report_dir;             // empty: only the terminal
  // Other flags of `run`, given to each run as they are.
  std::vector<std::string> passed_on;
};

struct ShowCompareHelp {};
using CompareCommand = std::variant<CompareOptions, ShowCompareHelp>;

// `arguments` begin behind the word "compare".
[[nodiscard]] Result<CompareCommand> ParseCompare(
    const std::vector<std::string>& arguments);

[[nodiscard]] std::string_view CompareHelpText();

}  // namespace thumbmill
