#include "coordinator/compare/results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/own_files.h"
#include "common/unique_fd.h"

namespace thumbmill {
namespace {

using Json = nlohmann::ordered_json;

double Each(const ChildResult& run, double figure) {
  return run.done == 0 ? 0 : figure / static_cast<double>(run.done);
}
double Rate(const ChildResult& run) {
  return run.seconds > 0 ? static_cast<double>(run.done) / run.seconds : 0;
}
double CpuPerThousand(const ChildResult& run) {
  return 1000 * Each(run, run.cpu_seconds);
}
double PrivateMb(const ChildResult& run) {
  return static_cast<double>(run.private_bytes) / (1 << 20);
}
double SharedMb(const ChildResult& run) {
  return static_cast<double>(run.shared_bytes) / (1 << 20);
}
double Switches(const ChildResult& run) {
  return Each(run, static_cast<double>(run.context_switches));
}
double CopiedBytes(const ChildResult& run) {
  return Each(run, static_cast<double>(run.copied_bytes));
}
double MessageBytes(const ChildResult& run) {
  return Each(run, static_cast<double>(run.message_bytes));
}
double FirstMs(const ChildResult& run) {
  return 1000 * run.seconds_to_first_image;
}
double WallSeconds(const ChildResult& run) { return run.seconds; }

// A stage of the plot, and the latencies of a run's report that add up to it.
struct Stage {
  const char* name;
  std::vector<const char*> of;
};
const std::vector<Stage>& Stages() {
  static const std::vector<Stage> stages = {
      {"fetch", {"dns", "connect", "first_byte", "body"}},
      {"wait", {"wait"}},
      {"decode", {"decode"}},
      {"resize", {"resize"}},
      {"encode", {"encode"}},
      {"store", {"store"}},
  };
  return stages;
}

// Returns the median milliseconds that an image spends in a stage.
double StageMs(const MeasuredCase& measured, const Stage& stage) {
  std::vector<double> values;
  for (const ChildResult& run : measured.runs) {
    double sum = 0;
    for (const char* name : stage.of)
      if (const auto found = run.stage_ms.find(name);
          found != run.stage_ms.end())
        sum += found->second;
    values.push_back(Each(run, sum));
  }
  return values.empty() ? 0 : SpreadOf(values).median;
}

double SerialRate(const MeasuredSet& set) {
  const MeasuredCase* serial = set.Find("serial", 1);
  return serial == nullptr ? 0 : serial->ImagesPerSecond().median;
}

std::string SetTable(const MeasuredSet& set) {
  std::string text = fmt::format(
      "| backend | workers | images/s | speed-up | per core | CPU s / 1,000 | "
      "private MiB | shared MiB | switches / image | bytes copied / image | "
      "messages / image | first image ms |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  const double serial = SerialRate(set);
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
        each.Median(CpuPerThousand), each.Median(PrivateMb),
        each.Median(SharedMb), each.Median(Switches), each.Median(CopiedBytes),
        each.Median(MessageBytes), each.Median(FirstMs));
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

// ---- files -------------------------------------------------------------

Json RunJson(const ChildResult& run) {
  Json json;
  json["seconds"] = run.seconds;
  json["cpu_seconds"] = run.cpu_seconds;
  json["done"] = run.done;
  json["failed"] = run.failed;
  json["bytes_in"] = run.bytes_in;
  json["context_switches"] = run.context_switches;
  json["private_bytes"] = run.private_bytes;
  json["shared_bytes"] = run.shared_bytes;
  json["copied_bytes"] = run.copied_bytes;
  json["message_bytes"] = run.message_bytes;
  json["seconds_to_first_image"] = run.seconds_to_first_image;
  json["stage_ms"] = run.stage_ms;
  return json;
}

Json SetJson(const MeasuredSet& set) {
  Json cases = Json::array();
  for (const MeasuredCase& each : set.cases) {
    const Spread rate = each.ImagesPerSecond();
    Json runs = Json::array();
    for (const ChildResult& run : each.runs) runs.push_back(RunJson(run));
    cases.push_back({{"backend", each.backend},
                     {"workers", each.workers},
                     {"images_per_second", rate.median},
                     {"lowest", rate.low},
                     {"highest", rate.high},
                     {"runs", std::move(runs)}});
  }
  return {{"name", set.name},
          {"what", set.what},
          {"images", set.images},
          {"cases", std::move(cases)}};
}

std::string JsonOf(const Comparison& comparison) {
  Json json;
  json["machine"] = comparison.machine;
  json["date"] = comparison.date;
  json["command"] = comparison.command;
  json["rounds"] = comparison.rounds;
  json["sets"] = Json::array();
  for (const MeasuredSet& set : comparison.sets)
    json["sets"].push_back(SetJson(set));
  json["crashes"] = Json::array();
  for (const CrashCase& crash : comparison.crashes)
    json["crashes"].push_back({{"backend", crash.backend},
                               {"workers", crash.workers},
                               {"images", crash.images},
                               {"complete", crash.complete},
                               {"signal", crash.signal},
                               {"exit_code", crash.exit_code},
                               {"named", crash.named}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string CsvOf(const Comparison& comparison) {
  std::string text =
      "set,images,backend,workers,images_per_second,lowest,highest,speed_up,"
      "cpu_seconds_per_1000,private_mib,shared_mib,context_switches_per_image,"
      "copied_bytes_per_image,message_bytes_per_image,first_image_ms,"
      "seconds\n";
  for (const MeasuredSet& set : comparison.sets) {
    const double serial = SerialRate(set);
    for (const MeasuredCase& each : set.cases) {
      const Spread rate = each.ImagesPerSecond();
      text += fmt::format(
          "{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.4f},{:.1f},{:.1f},{:.2f},"
          "{:.1f},{:.1f},{:.1f},{:.3f}\n",
          set.name, set.images, each.backend, each.workers, rate.median,
          rate.low, rate.high, serial > 0 ? rate.median / serial : 0,
          each.Median(CpuPerThousand), each.Median(PrivateMb),
          each.Median(SharedMb), each.Median(Switches),
          each.Median(CopiedBytes), each.Median(MessageBytes),
          each.Median(FirstMs), each.Median(WallSeconds));
    }
  }
  return text;
}

// ---- the plot ----------------------------------------------------------

std::vector<std::string> BackendsOf(const MeasuredSet& set) {
  std::vector<std::string> names;
  for (const MeasuredCase& each : set.cases)
    if (std::find(names.begin(), names.end(), each.backend) == names.end())
      names.push_back(each.backend);
  return names;
}

unsigned MostWorkers(const MeasuredSet& set) {
  unsigned most = 1;
  for (const MeasuredCase& each : set.cases)
    most = std::max(most, each.workers);
  return most;
}

// Plots images a second against workers. The lines differ in dash and mark too,
// not only in colour.
std::string ThroughputPlot(const MeasuredSet& set) {
  std::string data, plots;
  int style = 1;
  for (const std::string& backend : BackendsOf(set)) {
    const std::string block = fmt::format("$t_{}_{}", set.name, backend);
    data += block + " << EOD\n";
    for (const MeasuredCase& each : set.cases) {
      if (each.backend != backend) continue;
      const Spread rate = each.ImagesPerSecond();
      data += fmt::format("{} {:.3f} {:.3f} {:.3f}\n", each.workers,
                          rate.median, rate.low, rate.high);
    }
    data += "EOD\n";
    plots +=
        fmt::format("{0} using 1:2:3:4 with yerrorlines ls {1} title '{2}', ",
                    block, style++, backend);
  }
  const double serial = SerialRate(set);
  if (serial > 0)
    plots += fmt::format("{:.3f}*x with lines ls 9 title 'ideal'", serial);
  else
    plots.resize(plots.size() - 2);
  return data + fmt::format(
                    "set title '{0}: {1}'\nset xlabel 'workers'\n"
                    "set ylabel 'images/s'\n"
                    "set key outside right top vertical\n"
                    "set xrange [0.5:{2}.5]\nset yrange [0:*]\nset xtics 1\n"
                    "unset format y\nplot {3}\n",
                    set.name, set.what, MostWorkers(set), plots);
}

// Plots the time of an image by stage, for each backend with its highest number
// of workers.
std::string StagePlot(const MeasuredSet& set) {
  std::string data = fmt::format("$s_{} << EOD\n", set.name);
  for (const std::string& backend : BackendsOf(set)) {
    const MeasuredCase* most = nullptr;
    for (const MeasuredCase& each : set.cases)
      if (each.backend == backend) most = &each;
    double sum = 0;
    for (const Stage& stage : Stages()) sum += StageMs(*most, stage);
    data += fmt::format("\"{} ×{}\"", backend, most->workers);
    for (const Stage& stage : Stages())
      data += fmt::format(" {:.3f}",
                          sum > 0 ? 100 * StageMs(*most, stage) / sum : 0);
    data += "\n";
  }
  data += "EOD\n";
  std::string plots;
  for (std::size_t i = 0; i < Stages().size(); ++i)
    plots += fmt::format("{}$s_{} using {}{} ls {} title '{}'",
                         i > 0 ? ", " : "", set.name, i + 2,
                         i == 0 ? ":xtic(1)" : "", 11 + i, Stages()[i].name);
  return data +
         fmt::format(
             "set title '{}: where an image spends its time'\nunset xlabel\n"
             "set ylabel '% of the time of an image'\n"
             // The key stands below: beside the bars it would take the room
             // of their names.
             "set key outside bottom center horizontal\n"
             "set xrange [-0.6:{}.4]\nset yrange [0:100]\n"
             "set xtics autofreq\n"
             "set style data histograms\nset style histogram rowstacked\n"
             "set style fill solid 1 border lt -1\nset boxwidth 0.6\n"
             "plot {}\nset style data lines\n",
             set.name, BackendsOf(set).size() - 1, plots);
}

std::string PlotScript(const Comparison& comparison, const std::string& file) {
  std::string text = fmt::format(
      "set terminal svg size 1000,{} font 'sans-serif,13' background "
      "'white'\nset output '{}'\nset encoding utf8\n"
      "set border 3\nset tics nomirror\nset grid ytics lc rgb '#dddddd'\n"
      "set linetype 1 lw 1\n"
      "set style line 1 lc rgb '#000000' dt 1 lw 2 pt 4 ps 0.8\n"
      "set style line 2 lc rgb '#0868ac' dt 2 lw 2 pt 6 ps 0.8\n"
      "set style line 3 lc rgb '#d95f02' dt 4 lw 2 pt 8 ps 0.9\n"
      "set style line 9 lc rgb '#999999' dt 3 lw 1.5\n",
      360 * comparison.sets.size() + 30, file);
  // Neighbours differ in lightness, so that they differ in grey print as well.
  constexpr const char* kFills[] = {"#1b1b1b", "#f2f2f2", "#2c5f8a",
                                    "#7fb2d9", "#c97b2f", "#bdbdbd"};
  for (std::size_t i = 0; i < Stages().size(); ++i)
    text += fmt::format("set style line {} lc rgb '{}'\n", 11 + i, kFills[i]);
  text += fmt::format("set multiplot layout {},2\n", comparison.sets.size());
  for (const MeasuredSet& set : comparison.sets)
    text += ThroughputPlot(set) + StagePlot(set);
  return text + "unset multiplot\n";
}

Status WriteText(const std::string& file, const std::string& text) {
  ASSIGN_OR_RETURN(const UniqueFd fd,
                   OpenNamedFile(file, O_WRONLY | O_CREAT | O_TRUNC, 0666));
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t n = write(fd.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailSystem("cannot write " + file, errno);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status WritePlot(const Comparison& comparison, const std::string& folder) {
  const std::string script = folder + "/compare.gnuplot";
  RETURN_IF_ERROR(
      WriteText(script, PlotScript(comparison, folder + "/compare.svg")));
  const Result<int> code = RunProgram({"gnuplot", script});
  std::error_code ignored;
  std::filesystem::remove(script, ignored);
  if (!code)
    return Fail(ErrorCode::kNotFound,
                "no plot: gnuplot is not there (Debian package gnuplot-nox)");
  if (*code != 0)
    return Fail(ErrorCode::kInternal, "gnuplot could not draw the plot");
  return {};
}

}  // namespace

Spread MeasuredCase::ImagesPerSecond() const {
  std::vector<double> rates;
  for (const ChildResult& run : runs) rates.push_back(Rate(run));
  return SpreadOf(rates);
}

double MeasuredCase::Median(double (*figure)(const ChildResult&)) const {
  std::vector<double> values;
  for (const ChildResult& run : runs) values.push_back(figure(run));
  return SpreadOf(values).median;
}

const MeasuredCase* MeasuredSet::Find(const std::string& backend,
                                      unsigned workers) const {
  for (const MeasuredCase& each : cases)
    if (each.backend == backend && each.workers == workers) return &each;
  return nullptr;
}

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

Status WriteReports(const Comparison& comparison, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return FailSystem("cannot make the folder " + folder, error.value());
  RETURN_IF_ERROR(WriteText(folder + "/compare.json", JsonOf(comparison)));
  RETURN_IF_ERROR(WriteText(folder + "/compare.csv", CsvOf(comparison)));
  RETURN_IF_ERROR(WriteText(folder + "/compare.md", TablesOf(comparison)));
  return WritePlot(comparison, folder);
}

}  // namespace thumbmill
