#include "coordinator/view/report.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "common/log.h"
#include "common/own_files.h"
#include "common/printable.h"
#include "coordinator/cli/units.h"
#include "coordinator/loop/signals.h"
#include "coordinator/view/console.h"
#include "coordinator/view/report_json.h"
#include "coordinator/view/whole_file.h"

namespace thumbmill {
namespace {

// The report's default path below the state.
constexpr const char* kReportName = "/report.json";

const char* EndWord(RunEnd::Kind kind) {
  switch (kind) {
    case RunEnd::Kind::kFinished:
      return "finished";
    case RunEnd::Kind::kLimit:
      return "limit";
    case RunEnd::Kind::kFatal:
      return "fatal";
    case RunEnd::Kind::kInterrupted:
      return "interrupted";
  }
  return "fatal";
}

// ---- files -------------------------------------------------------------

Status WriteReport(const Place& place, const RunFacts& facts) {
  WholeFile file(place.folder.get(), place.name, place.magic);
  RETURN_IF_ERROR(file.Open(0644));
  RETURN_IF_ERROR(file.Write(ReportJson(facts) + "\n"));
  return file.Finish();
}

// Writes every failed item of the state to failed.jsonl in the state's folder.
// Writes an empty file if nothing has failed.
Status WriteFailed(int state, Records* records) {
  WholeFile file(state, "failed.jsonl");
  RETURN_IF_ERROR(file.Open(0600));
  std::string buffer;
  // Written batch by batch: a state may hold millions of failures.
  const auto write = [&](std::span<const ItemRecord> batch) {
    buffer.clear();
    for (const ItemRecord& record : batch) buffer += FailedJson(record) + "\n";
    return file.Write(buffer);
  };
  RETURN_IF_ERROR(records->Walk(kFailedOnly, write));
  return file.Finish();
}

// Writes report.json to the state, or to the path of --report.
Status LeaveReportFile(const RunFacts& facts, const Remains& remains) {
  const RunOptions& options = *facts.options;
  const bool in_state = remains.state >= 0 &&
                        options.report_file == options.state_dir + kReportName;
  if (!in_state) {
    ASSIGN_OR_RETURN(const Place place, FindPlace(options.report_file, false));
    return WriteReport(place, facts);
  }
  // Use the open folder of the state: its path may lead elsewhere by now.
  Place place;
  place.folder.Reset(fcntl(remains.state, F_DUPFD_CLOEXEC, 3));
  if (!place.folder.valid()) return FailSystem("cannot write a report", errno);
  place.name = kReportName + 1;
  return WriteReport(place, facts);
}

// Writes failed.jsonl and the report. An error is only a warning, because the
// run has done its work.
void LeaveFiles(const RunFacts& facts, const Remains& remains) {
  const auto warn = [](const Status& status) {
    if (!status) LogWarning(status.error().what);
  };
  if (remains.state >= 0) warn(WriteFailed(remains.state, remains.journal));
  if (!facts.options->report_file.empty())
    warn(LeaveReportFile(facts, remains));
}

// ---- text --------------------------------------------------------------

// Returns the counts of this run. Not needed after a block, which shows them.
std::string Totals(const RunFacts& facts) {
  const RunStats& stats = *facts.stats;
  std::string text = fmt::format(
      "{} done, {} failed, {} skipped in {:.1f} s: {:.1f} images/s\n",
      FormatCount(stats.done), FormatCount(stats.failed),
      FormatCount(stats.skipped),
      static_cast<double>(stats.elapsed.count()) / 1000,
      stats.images_per_second());
  text += fmt::format("in {}, out {} in {} thumbnails\n",
                      FormatBytes(stats.bytes_in), FormatBytes(stats.bytes_out),
                      FormatCount(stats.files_out));
  return text;
}

// Returns the other lines of the summary: earlier records and reasons.
std::string Summary(const RunFacts& facts) {
  const RunStats& stats = *facts.stats;
  std::string text;
  const std::uint64_t before =
      stats.done_before + stats.failed_before + stats.skipped_before;
  if (before > 0)
    text += fmt::format("before: {} done, {} failed, {} skipped\n",
                        FormatCount(stats.done_before),
                        FormatCount(stats.failed_before),
                        FormatCount(stats.skipped_before));
  if (stats.damaged_before > 0)
    text += fmt::format(
        "outputs of {} images were missing or damaged: made again\n",
        FormatCount(stats.damaged_before));
  const auto list = [&text](const char* title, const auto& counts) {
    if (counts.empty()) return;
    text += title;
    for (const auto& [reason, count] : counts)
      text += fmt::format(" {} {}", ToString(reason), FormatCount(count));
    text += "\n";
  };
  list("failed:", stats.failed_by_reason);
  list("skipped:", stats.skipped_by_reason);
  if (stats.workers_lost > 0)
    text += fmt::format("workers lost: {}\n", stats.workers_lost);
  return text;
}

}  // namespace

void LeaveReport(const RunOptions& options, const RunStats& stats,
                 const RunEnd& end, int exit_code, const Remains& remains) {
  RunFacts facts;
  facts.options = &options;
  facts.stats = &stats;
  facts.ended = EndWord(end.kind);
  facts.error = end.error.what;
  facts.exit_code = exit_code;
  facts.workers = options.workers;
  facts.memory_limit = options.memory;
  {
    // Reading a state of millions of items takes a while. A stop signal ends
    // it; if the run itself was interrupted, one second does.
    *remains.stop = false;
    const FlagAtSignals stop(remains.stop,
                             end.kind == RunEnd::Kind::kInterrupted ? 1 : 0);
    const auto counts = remains.journal->Counts();
    facts.counted = counts.has_value();
    if (counts) facts.counts = *counts;
    LeaveFiles(facts, remains);
  }
  if (options.quiet) return;
  Print(stderr, "{}{}", remains.totals_shown ? "" : Totals(facts),
        Summary(facts));
  if (remains.state >= 0 && stats.failed + stats.failed_before > 0)
    Print(stderr, "failures: {}/failed.jsonl\n", Printable(options.state_dir));
  if (!options.report_file.empty())
    Print(stderr, "report: {}\n", Printable(options.report_file));
  std::fflush(stderr);
}

}  // namespace thumbmill
