#include "coordinator/compare/compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/log.h"
#include "coordinator/cli/exit_codes.h"
#include "coordinator/compare/comparer.h"
#include "coordinator/compare/machine_text.h"
#include "coordinator/compare/results.h"
#include "coordinator/view/console.h"
#include "proto/recipe.h"

namespace thumbmill {
namespace {

// Counts the images that a run made: the list may also name some that fail.
void CountGiven(MeasuredSet* set) {
  set->images = set->cases.front().runs.front().done;
  set->what = fmt::format("{} images as given", set->images);
}

}  // namespace

// Shows one line of progress that replaces the last one. Only on a terminal.
void Comparer::Print(const std::string& text) const {
  if (isatty(STDERR_FILENO) != 1) return;
  thumbmill::Print(stderr, "\r{}\x1b[K", text);
  std::fflush(stderr);
}

Result<ChildResult> Comparer::RunIn(const Words& inputs, const std::string& out,
                                    Words flags) {
  const std::string state = folder_ / "state";
  const std::string report = folder_ / "report.json";
  // The state of the last run would leave this run nothing to do.
  RETURN_IF_ERROR(RemoveTree(state));
  Words words = inputs;
  for (const std::string& word :
       {std::string("-o"), out, std::string("--state"), state,
        std::string("--report"), report, std::string("-q")})
    words.push_back(word);
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), options_.passed_on.begin(),
               options_.passed_on.end());
  ASSIGN_OR_RETURN(ChildResult result, RunChild(words, report));
  interrupted_ = result.interrupted;
  if (interrupted_ == 0) return result;
  return Fail(ErrorCode::kCancelled, "stopped");
}

Status Comparer::MeasureOnce(Job* job, MeasuredCase* measured, bool counts) {
  // Each run starts without the folder: the outputs of the run before are
  // deleted outside of the measured time.
  const std::string out = folder_ / "out";
  ASSIGN_OR_RETURN(ChildResult result,
                   RunIn(job->inputs, out,
                         {"-s", options_.sizes, "--backend", measured->backend,
                          "--workers", std::to_string(measured->workers)}));
  if (result.exit_code != 0 && result.exit_code != 2)
    return Fail(
        ErrorCode::kInternal,
        fmt::format("{} with {} workers ended with exit code {}",
                    measured->backend, measured->workers, result.exit_code));
  ASSIGN_OR_RETURN(const Tree tree, ReadTree(out));
  RETURN_IF_ERROR(RemoveTree(out));
  if (job->digest.empty()) job->digest = tree.digest;
  if (job->digest != tree.digest)
    return Fail(ErrorCode::kInternal,
                fmt::format("{} with {} workers wrote other bytes than the "
                            "runs before",
                            measured->backend, measured->workers));
  if (counts) measured->runs.push_back(std::move(result));
  return {};
}

// Measures each case once. Every other round goes backwards, so that no case
// always comes first. Round 0 is the warm-up and does not count.
Status Comparer::MeasureRound(unsigned round) {
  for (Job& job : jobs_) {
    std::vector<MeasuredCase*> order;
    for (MeasuredCase& measured : job.set.cases) order.push_back(&measured);
    if (round % 2 == 1) std::reverse(order.begin(), order.end());
    for (MeasuredCase* measured : order) {
      Print(fmt::format("round {} of {}: {}, {}, {} workers", round,
                        options_.repeat, job.set.name, measured->backend,
                        measured->workers));
      RETURN_IF_ERROR(MeasureOnce(&job, measured, round > 0));
    }
  }
  return {};
}

Status Comparer::MeasureCrash(const std::string& backend,
                              const std::string& list, std::uint64_t images) {
  const std::string out = folder_ / "crash-out";
  const unsigned workers = backend == "serial" ? 1 : options_.workers.back();
  Print(fmt::format("a crash: {}", backend));
  // Name the outputs by number, so that no two sources of the list collide.
  ASSIGN_OR_RETURN(
      const ChildResult result,
      RunIn({"-i", list}, out,
            {"-s", "64x", "--name", "{index}_{size}.{ext}", "--backend",
             backend, "--workers", std::to_string(workers), "--crash-probe"}));
  CrashCase crash;
  crash.backend = backend;
  crash.workers = workers;
  crash.images = images;
  ASSIGN_OR_RETURN(const Tree tree, ReadTree(out));
  crash.complete = tree.files;
  crash.signal = result.signal;
  crash.exit_code = result.exit_code;
  crash.named = result.crashed;
  comparison_.crashes.push_back(crash);
  return RemoveTree(out);
}

// Puts an image that crashes its decoder into the middle of the list, and runs
// each backend. A run without that image first counts the images that the list
// gives, because some sources may be no images.
Status Comparer::MeasureCrashes() {
  const std::string list = folder_ / "crash.txt",
                    planted = folder_ / "planted.jpg", out = folder_ / "out";
  RETURN_IF_ERROR(WriteList(planted, {std::string(kCrashProbe)}));
  RETURN_IF_ERROR(WriteList(list, sources_));
  RETURN_IF_ERROR(Prepare({"-i", list}, out,
                          {"-s", "64x", "--name", "{index}_{size}.{ext}"}));
  ASSIGN_OR_RETURN(const Tree made, ReadTree(out));
  RETURN_IF_ERROR(RemoveTree(out));
  Words lines = sources_;
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(lines.size() / 2),
               planted);
  RETURN_IF_ERROR(WriteList(list, lines));
  for (const std::string& backend : options_.backends)
    RETURN_IF_ERROR(MeasureCrash(backend, list, made.files));
  return {};
}

Status Comparer::Measure() {
  RETURN_IF_ERROR(folder_.Make());
  RETURN_IF_ERROR(ListSources());
  for (const std::string& name : options_.sets) RETURN_IF_ERROR(MakeSet(name));
  for (unsigned round = 0; round <= options_.repeat; ++round)
    RETURN_IF_ERROR(MeasureRound(round));
  return MeasureCrashes();
}

int Comparer::Run() {
  const Status measured = Measure();
  Print("");
  if (interrupted_ != 0) return 128 + interrupted_;
  if (!measured) {
    LogError(measured.error().what);
    return measured.error().code == ErrorCode::kUsage ? kExitUsage : kExitFatal;
  }
  comparison_.machine = MachineText();
  comparison_.date = Today();
  comparison_.rounds = options_.repeat;
  comparison_.command = fmt::format(
      "coordinator compare -i SRC -s {} --workers {} --repeat {} --backends {}",
      options_.sizes, fmt::join(options_.workers, ","), options_.repeat,
      fmt::join(options_.backends, ","));
  for (Job& job : jobs_) {
    if (job.set.name == "given") CountGiven(&job.set);
    comparison_.sets.push_back(std::move(job.set));
  }
  thumbmill::Print(stdout, "{}", TablesOf(comparison_));
  if (std::fflush(stdout) != 0) LogWarning("the tables could not be printed");
  if (options_.report_dir.empty()) return kExitDone;
  const Status written = WriteReports(comparison_, options_.report_dir);
  if (written) return kExitDone;
  // Only the plot is missing then; the figures are there.
  if (written.error().code != ErrorCode::kNotFound) {
    LogError(written.error().what);
    return kExitFatal;
  }
  LogWarning(written.error().what);
  return kExitDone;
}

int Compare(const CompareOptions& options) { return Comparer(options).Run(); }

}  // namespace thumbmill
