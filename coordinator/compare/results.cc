#include "coordinator/compare/results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/compare/figures.h"
#include "coordinator/compare/plot.h"

namespace thumbmill {
namespace {

using Json = nlohmann::ordered_json;

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
    const double serial = figures::SerialRate(set);
    for (const MeasuredCase& each : set.cases) {
      const Spread rate = each.ImagesPerSecond();
      text += fmt::format(
          "{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.4f},{:.1f},{:.1f},{:.2f},"
          "{:.1f},{:.1f},{:.1f},{:.3f}\n",
          set.name, set.images, each.backend, each.workers, rate.median,
          rate.low, rate.high, serial > 0 ? rate.median / serial : 0,
          each.Median(figures::CpuPerThousand), each.Median(figures::PrivateMb),
          each.Median(figures::SharedMb), each.Median(figures::Switches),
          each.Median(figures::CopiedBytes), each.Median(figures::MessageBytes),
          each.Median(figures::FirstMs), each.Median(figures::WallSeconds));
    }
  }
  return text;
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
