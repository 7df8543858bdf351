#include "coordinator/compare/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/words.h"
#include "coordinator/cli/cli.h"
#include "coordinator/cli/flag_fields.h"
#include "coordinator/cli/flags.h"
#include "coordinator/loop/machine.h"

namespace thumbmill {
namespace {

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
    return Fail(ErrorCode::kUsage, fmt::format("{}: the list is empty", flag));
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
      return Fail(
          ErrorCode::kUsage,
          fmt::format("--workers: '{}' is not a number of workers; write "
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

// The flags before they are checked.
struct CompareDraft {
  CompareOptions options;
  std::string workers = UsualWorkers();
  std::string backends = "serial,threads,processes";
  std::string sets = "given,tiny,large";
  std::vector<std::string> sizes;
};

FlagTable CompareFlags(CompareDraft* draft) {
  CompareOptions* o = &draft->options;
  return {{"",
           {
               {"-i,--input", "--url-list", "SRC",
                "as of run, repeatable; not stdin", Texts(&o->inputs)},
               {"-s,--size", "", "SPEC", "as of run", Texts(&draft->sizes)},
               {"-j,--workers", "", "N,N,…",
                "(default: 1, 2, 4 … up to all usable cores)",
                Text(&draft->workers)},
               {"--backends", "", "B,B,…",
                "some of serial, threads, processes (default: all)",
                Text(&draft->backends)},
               {"--repeat", "", "N",
                "measured rounds, after one to warm up (default: 5)",
                Number(&o->repeat, 1, 1000)},
               {"--sets", "", "S,S,…",
                "some of given (the images as they are), tiny (at least 2,000 "
                "images, which are first made 64 pixels small), large (24 of "
                "the images, which are first made 4000 pixels large) "
                "(default: all)",
                Text(&draft->sets)},
               {"--report", "", "DIR",
                "also writes compare.json, .csv, .md and, if gnuplot is "
                "installed, .svg",
                Text(&o->report_dir)},
               {"-h,--help", "", "", "print this text", Asked()},
           }}};
}

// Rejects flags of `run` that compare itself sets for each run.
Status CheckPassedOn(const std::vector<std::string>& arguments) {
  constexpr std::string_view kOurs[] = {
      "--output",    "--state",   "--report",      "--backend", "--workers",
      "--overwrite", "--dry-run", "--crash-probe", "--name",    "--progress"};
  Draft draft;
  const FlagTable table = RunFlags(&draft);
  for (const std::string& argument : arguments) {
    // The row knows all names of a flag, those of other programs too.
    const Flag* flag = FindFlag(table, argument);
    if (flag == nullptr) continue;
    const std::vector<std::string> names = NamesOf(*flag);
    for (const std::string_view ours : kOurs)
      if (std::find(names.begin(), names.end(), ours) != names.end())
        return Fail(ErrorCode::kUsage,
                    fmt::format("{}: compare itself sets {} for each run; "
                                "leave it out",
                                argument, ours));
  }
  return {};
}

}  // namespace

Result<CompareCommand> ParseCompare(const std::vector<std::string>& arguments) {
  CompareDraft draft;
  const FlagTable table = CompareFlags(&draft);
  ASSIGN_OR_RETURN(const GivenFlags given,
                   GivenFlags::Read(table, arguments, /*takes_words=*/false));
  if (given.Has("--help")) return CompareCommand(ShowCompareHelp{});
  RETURN_IF_ERROR(given.Store());
  CompareOptions& options = draft.options;
  options.passed_on = given.unknown();
  RETURN_IF_ERROR(CheckPassedOn(options.passed_on));
  if (options.inputs.empty())
    return Fail(ErrorCode::kUsage, "no input: add for example -i photos/");
  for (const std::string& input : options.inputs)
    if (input == "-")
      return Fail(ErrorCode::kUsage,
                  "-i -: a list on stdin can be read only once; name a file");
  options.sizes = fmt::format("{}", fmt::join(draft.sizes, ","));
  ASSIGN_OR_RETURN(options.workers, WorkerCounts(draft.workers));
  ASSIGN_OR_RETURN(options.backends, Words("--backends", draft.backends,
                                           {"serial", "threads", "processes"}));
  ASSIGN_OR_RETURN(options.sets,
                   Words("--sets", draft.sets, {"given", "tiny", "large"}));
  // Check the other flags with the parser of `run` now: a wrong one should fail
  // here, not in the first child process.
  std::vector<std::string> run{"-o", "null:",      "-i", options.inputs.front(),
                               "-s", options.sizes};
  run.insert(run.end(), options.passed_on.begin(), options.passed_on.end());
  const Result<Command> checked = ParseCommandLine(run);
  if (!checked) return Fail(ErrorCode::kUsage, checked.error().what);
  return CompareCommand(std::move(options));
}

std::string CompareHelpText() {
  constexpr std::string_view kAbove =
      R"(coordinator compare: one job with each backend, measured

usage: coordinator compare -i SRC -s SIZE [flags]

  coordinator compare -i photos/ -s 200x,64x,32x --workers 1,2 --report cmp/

Runs the job with each backend and number of workers, in turn and repeatedly,
each in a child process that writes all outputs. They must have the same bytes
each time. Prints a table. Leaves only the files of --report.

)";
  CompareDraft draft;
  return std::string(kAbove) + HelpOf(CompareFlags(&draft)) +
         "\nOther flags of run are given to each run as they are.\n";
}

}  // namespace thumbmill
