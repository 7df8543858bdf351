#include "coordinator/compare/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "coordinator/cli/cli.h"
#include "coordinator/loop/machine.h"

namespace thumbmill {
namespace {

std::vector<std::string> SplitCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    if (comma > from) parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

Result<std::vector<std::string>> Words(const char* flag,
                                       const std::string& text,
                                       const std::vector<std::string>& known) {
  std::vector<std::string> words = SplitCommas(text);
  for (const std::string& word : words)
    if (std::find(known.begin(), known.end(), word) == known.end())
      return Fail(ErrorCode::kUsage,
                  fmt::format("{}: '{}' is none of: {}", flag, word,
                              fmt::join(known, ", ")));
  if (words.empty())
    return Fail(ErrorCode::kUsage, fmt::format("{}: names nothing", flag));
  return words;
}

Result<std::vector<unsigned>> WorkerCounts(const std::string& text) {
  std::vector<unsigned> counts;
  for (const std::string& part : SplitCommas(text)) {
    unsigned count = 0;
    const auto [end, error] =
        std::from_chars(part.data(), part.data() + part.size(), count);
    if (error != std::errc() || end != part.data() + part.size() ||
        count == 0 || count > 1024)
      return Fail(ErrorCode::kUsage,
                  fmt::format("--workers: '{}' is no number of workers; write "
                              "for example 1,2,4",
                              part));
    counts.push_back(count);
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

// Returns "1,2,4,…" up to the number of usable cores.
std::string UsualWorkers() {
  const std::size_t cores = UsableCpus();
  std::string text;
  for (std::size_t n = 1; n < cores; n *= 2) text += fmt::format("{},", n);
  return text + std::to_string(cores);
}

// Rejects flags that compare itself sets for each run.
Status CheckPassedOn(const std::vector<std::string>& flags) {
  for (const std::string& flag : flags)
    for (const char* ours : {"-o", "--output", "--state", "--report",
                             "--backend", "-j", "--overwrite", "--dry-run",
                             "--crash-probe", "--name", "-P", "--progress"})
      if (flag == ours || flag.starts_with(std::string(ours) + "="))
        return Fail(ErrorCode::kUsage,
                    fmt::format("{} is for compare itself to say", ours));
  return {};
}

}  // namespace

Result<CompareCommand> ParseCompare(const std::vector<std::string>& arguments) {
  CompareOptions options;
  std::string workers = UsualWorkers();
  std::string backends = "serial,threads,processes";
  std::string sets = "given,tiny,large";
  std::vector<std::string> sizes;
  bool help = false;
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  app.add_option("-i,--input", options.inputs)->allow_extra_args(false);
  app.add_option("-s,--size", sizes)->allow_extra_args(false);
  app.add_option("-j,--workers", workers);
  app.add_option("--backends", backends);
  app.add_option("--repeat", options.repeat);
  app.add_option("--sets", sets);
  app.add_option("--report", options.report_dir);
  app.add_flag("-h,--help", help);
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& e) {
    return Fail(ErrorCode::kUsage, e.what());
  }
  if (help) return CompareCommand(ShowCompareHelp{});
  options.passed_on = app.remaining();
  RETURN_IF_ERROR(CheckPassedOn(options.passed_on));
  if (options.inputs.empty())
    return Fail(ErrorCode::kUsage, "no input: add for example -i photos/");
  for (const std::string& input : options.inputs)
    if (input == "-")
      return Fail(ErrorCode::kUsage,
                  "-i -: a list on stdin can be read only once; name a file");
  options.sizes = fmt::format("{}", fmt::join(sizes, ","));
  if (options.repeat == 0 || options.repeat > 1000)
    return Fail(ErrorCode::kUsage, "--repeat: 1 to 1000");
  ASSIGN_OR_RETURN(options.workers, WorkerCounts(workers));
  ASSIGN_OR_RETURN(options.backends, Words("--backends", backends,
                                           {"serial", "threads", "processes"}));
  ASSIGN_OR_RETURN(options.sets,
                   Words("--sets", sets, {"given", "tiny", "large"}));
  // Check the other flags with the parser of `run` now: a wrong one should fail
  // here, not in the first child process.
  std::vector<std::string> run{"-o", "null:",      "-i", options.inputs.front(),
                               "-s", options.sizes};
  run.insert(run.end(), options.passed_on.begin(), options.passed_on.end());
  const Result<Command> checked = ParseCommandLine(run);
  if (!checked) return Fail(ErrorCode::kUsage, checked.error().what);
  return CompareCommand(std::move(options));
}

std::string_view CompareHelpText() {
  return
      R"(coordinator compare: one job with each backend, measured

usage: coordinator compare -i SRC -s SIZE [flags]

  coordinator compare -i photos/ -s 200x,64x,32x --workers 1,2 --report cmp/

Runs the job with each backend and number of workers, in turn and repeatedly,
each in a child process and with all its outputs, which must be the same bytes.
Prints a table; nothing else is left but what --report names.

  -i, --input SRC          as of run, repeatable; not stdin
  -s, --size SPEC          as of run
  -j, --workers N,N,…      (default: 1, 2, 4 … up to all usable cores)
      --backends B,B,…     of serial, threads, processes (default: all)
      --repeat N           measured rounds, after one to warm up (default: 5)
      --sets S,S,…         of given (the images as they are), tiny (made 64
                           pixels small first, at least 2,000 of them), large
                           (24 of them made 4000 large) (default: all)
      --report DIR         also writes compare.json, .csv, .md and, where
                           gnuplot is, .svg
Other flags of run are given to each run as they are.
)";
}

}  // namespace thumbmill
