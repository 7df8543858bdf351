#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "common/words.h"
#include "coordinator/cli/cli.h"
#include "coordinator/cli/flags.h"

namespace thumbmill {
namespace {

constexpr std::string_view kTitle =
    "coordinator: makes thumbnails of many images, in sandboxed worker "
    "processes\n\n";

constexpr std::string_view kExamples =
    "  coordinator --workers 4 -i urls.txt -o out -s 200x,64x,32x\n"
    "  coordinator -i photos/ -o http://127.0.0.1:8080/up/ --state st -s 200\n";

constexpr std::string_view kIntroduction = R"(
The same command again continues where it stopped, and makes nothing twice.
Hyphens and underscores in the names of flags are the same.

)";

constexpr std::string_view kEnd = R"(
Signals
  INT, TERM                end the run cleanly; the second one ends it at once
  USR2                     logs the present work of each worker, the downloads
                           and the uploads

Exit codes
  0 all done or skipped   1 usage or configuration, nothing started
  2 some items failed, now or before   3 stopped by a limit, resumable
  4 fatal (target unwritable, disk full), resumable
  130, 143 after a clean end by SIGINT, SIGTERM

)";

// Shows the flags that have a name of another program, too.
std::string AliasText() {
  Draft draft;
  std::string text = "Names of img2dataset that are understood\n";
  for (const FlagGroup& group : RunFlags(&draft))
    for (const Flag& flag : group.flags)
      for (std::string alias : SplitCommas(flag.aliases)) {
        std::replace(alias.begin() + 2, alias.end(), '-', '_');
        text += fmt::format("  {:<25}{}\n", alias,
                            fmt::join(SplitCommas(flag.names), ", "));
      }
  return text;
}

}  // namespace

const CommandRow* FindCommand(std::span<const CommandRow> commands,
                              std::string_view name) {
  for (const CommandRow& row : commands)
    if (row.name == name) return &row;
  return nullptr;
}

const CommandRow* NearestCommand(std::span<const CommandRow> commands,
                                 const std::string& word) {
  if (word.find_first_of("./:-") != std::string::npos) return nullptr;
  struct stat st;
  if (stat(word.c_str(), &st) == 0) return nullptr;
  std::vector<std::string> names;
  for (const CommandRow& row : commands) names.emplace_back(row.name);
  return FindCommand(commands, NearestWord(word, names));
}

std::string UsageText(std::span<const CommandRow> commands) {
  std::string calls, purposes;
  for (const CommandRow& row : commands) {
    // The first command is the default.
    calls += calls.empty() ? fmt::format("usage: coordinator [{}]", row.name)
                           : fmt::format("       coordinator {}", row.name);
    calls += fmt::format(" {}\n", row.arguments);
    purposes += fmt::format("  {:<8} {}\n", row.name, row.help);
  }
  return fmt::format("{}\n{}\n{}", calls, purposes, kExamples);
}

std::string HelpText(std::span<const CommandRow> commands) {
  Draft draft;
  std::string text(kTitle);
  text += UsageText(commands);
  text += kIntroduction;
  text += HelpOf(RunFlags(&draft));
  text += kEnd;
  return text + AliasText();
}

}  // namespace thumbmill
