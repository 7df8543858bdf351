#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "coordinator/compare/figures.h"
#include "coordinator/compare/results.h"

namespace thumbmill {
namespace {

std::string SetTable(const MeasuredSet& set) {
  std::string text = fmt::format(
      "| backend | workers | images/s | speed-up | per core | CPU s / 1,000 | "
      "private MiB | shared MiB | switches / image | bytes copied / image | "
      "messages / image | first image ms |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  const double serial = figures::SerialRate(set);
  bool any_like_serial = false;
  for (const MeasuredCase& each : set.cases) {
    const Spread rate = each.ImagesPerSecond();
    const double up = serial > 0 ? rate.median / serial : 0;
    const bool like_serial =
        serial > 0 && each.backend != "serial" &&
        !Differ(rate, set.Find("serial", 1)->ImagesPerSecond());
    any_like_serial |= like_serial;
    text += fmt::format(
        "| {} | {} | {:.1f} ({:.1f}–{:.1f}) | {} | {} | {:.2f} | {:.0f} | "
        "{:.0f} | {:.1f} | {:.0f} | {:.0f} | {:.0f} |\n",
        each.backend, each.workers, rate.median, rate.low, rate.high,
        up > 0 ? fmt::format("{:.2f}×{}", up, like_serial ? " (n. d.)" : "")
               : "–",
        up > 0 ? fmt::format("{:.0f} %", 100 * up / each.workers) : "–",
        each.Median(figures::CpuPerThousand), each.Median(figures::PrivateMb),
        each.Median(figures::SharedMb), each.Median(figures::Switches),
        each.Median(figures::CopiedBytes), each.Median(figures::MessageBytes),
        each.Median(figures::FirstMs));
  }
  if (any_like_serial)
    text +=
        "\nn. d.: not distinguishable from serial: the ranges overlap, or "
        "there are fewer than four runs.\n";
  return text;
}

// Compares threads and processes: one sentence for each number of workers for
// which both were measured.
std::string Verdicts(const MeasuredSet& set) {
  std::string text;
  for (const MeasuredCase& threads : set.cases) {
    if (threads.backend != "threads") continue;
    const MeasuredCase* processes = set.Find("processes", threads.workers);
    if (processes == nullptr) continue;
    const Spread a = threads.ImagesPerSecond();
    const Spread b = processes->ImagesPerSecond();
    const double percent = 100 * (b.median / a.median - 1);
    const std::string workers = fmt::format("{} worker{}", threads.workers,
                                            threads.workers == 1 ? "" : "s");
    if (!Differ(a, b)) {
      const bool overlap = a.low <= b.high && b.low <= a.high;
      text += fmt::format(
          "- {}: processes and threads are not distinguishable ({:+.1f} %, "
          "{}).\n",
          workers, percent, overlap ? "ranges overlap" : "too few runs");
    } else {
      text += fmt::format("- {}: processes are {:.1f} % {} than threads.\n",
                          workers, std::abs(percent),
                          percent > 0 ? "faster" : "slower");
    }
  }
  return text.empty() ? text : "\n" + text;
}

std::string CrashTable(const std::vector<CrashCase>& crashes) {
  if (crashes.empty()) return "";
  std::string text =
      "\n### What a crash costs: one image in the middle crashes its decoder\n"
      "\n| backend | workers | the run | images made | the image is named |\n"
      "|---|--:|---|--:|---|\n";
  for (const CrashCase& crash : crashes)
    text += fmt::format(
        "| {} | {} | {} | {} of {} | {} |\n", crash.backend, crash.workers,
        crash.signal != 0
            ? fmt::format("lost: {}", strsignal(crash.signal))
            : fmt::format("finished, exit code {}", crash.exit_code),
        crash.complete, crash.images,
        crash.named > 0 ? "yes, in failed.jsonl" : "no");
  return text;
}

}  // namespace

std::string TablesOf(const Comparison& comparison) {
  std::string text = fmt::format(
      "{}, {}\n`{}`\nMedians of {} interleaved runs, lowest and highest in "
      "brackets; all outputs byte-identical.\n",
      comparison.date, comparison.machine, comparison.command,
      comparison.rounds);
  for (const MeasuredSet& set : comparison.sets)
    text += fmt::format("\n### {}: {}\n\n{}{}", set.name, set.what,
                        SetTable(set), Verdicts(set));
  return text + CrashTable(comparison.crashes);
}

}  // namespace thumbmill
