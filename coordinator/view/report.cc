#include "coordinator/view/report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/fail_point.h"
#include "common/unique_fd.h"
#include "coordinator/cli/units.h"
#include "coordinator/net/url.h"
#include "coordinator/source/naming.h"
#include "proto/size_spec.h"

#ifndef THUMBMILL_VERSION
#error "THUMBMILL_VERSION comes from CMake"
#endif

namespace thumbmill {
namespace {

using Json = nlohmann::ordered_json;

// Replaces bytes that are not UTF-8: one such file name must not make the whole
// report fail.
std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Writes a file that appears whole or not at all: under a temporary name, then
// renamed. Writes directly to a file that is not regular, such as /dev/null.
class WholeFile {
 public:
  WholeFile(int folder, const std::string& name, bool magic = false)
      : folder_(folder),
        name_(name),
        temporary_(name + ".new"),
        follow_(magic ? 0 : O_NOFOLLOW) {}
  ~WholeFile() {
    if (fd_.valid() && !direct_) unlinkat(folder_, temporary_.c_str(), 0);
  }
  Status Open(mode_t mode) {
    struct stat st;
    direct_ = fstatat(folder_, name_.c_str(), &st,
                      follow_ != 0 ? AT_SYMLINK_NOFOLLOW : 0) == 0 &&
              !S_ISREG(st.st_mode);
    if (direct_) {
      // open() must not wait for the reader of a FIFO, hence O_NONBLOCK.
      fd_.Reset(openat(folder_, name_.c_str(),
                       O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | follow_));
    } else {
      // A killed run may have left it; O_EXCL would fail then.
      unlinkat(folder_, temporary_.c_str(), 0);
      fd_.Reset(openat(folder_, temporary_.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                       mode));
    }
    if (!fd_.valid()) return FailSystem("cannot write " + name_, errno);
    return {};
  }
  Status Write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = write(fd_.get(), text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailSystem("cannot write " + name_, errno);
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }
  Status Finish() {
    TM_FAIL_POINT("report-unnamed");
    if (!direct_ &&
        renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0)
      return FailSystem("cannot write " + name_, errno);
    TM_FAIL_POINT("report-named");
    fd_.Reset();
    return {};
  }

 private:
  int folder_;
  std::string name_, temporary_;
  int follow_;
  bool direct_ = false;
  UniqueFd fd_;
};

Json RecipeOf(const RunOptions& options) {
  const Recipe& recipe = options.recipe;
  Json json;
  json["fit_enlarge"] = recipe.enlarge;
  json["format"] = ToWord(recipe.format);
  json["quality"] = {{"jpg", recipe.jpeg_quality},
                     {"webp", recipe.webp_quality}};
  json["filter"] = ToWord(recipe.filter);
  json["linear"] = recipe.linear;
  json["background"] = fmt::format("#{:02x}{:02x}{:02x}", recipe.background.r,
                                   recipe.background.g, recipe.background.b);
  json["rotate"] = recipe.rotate;
  json["keep"] = ToText(recipe.keep);
  json["fail_on"] = ToWord(recipe.fail_on);
  json["name"] = options.name_template;
  return json;
}

Json LatencyJson(const LatencyHistogram& histogram) {
  const auto ms = [](Micros us) {
    return static_cast<double>(us.count()) / 1000;
  };
  return {{"count", histogram.count()},
          {"p50_ms", ms(histogram.Percentile(0.50))},
          {"p90_ms", ms(histogram.Percentile(0.90))},
          {"p99_ms", ms(histogram.Percentile(0.99))},
          {"max_ms", ms(histogram.max())},
          {"sum_ms", ms(histogram.sum())}};
}

Json StagesJson(const StageLatencies& latency) {
  return {{"dns", LatencyJson(latency.dns)},
          {"connect", LatencyJson(latency.connect)},
          {"first_byte", LatencyJson(latency.first_byte)},
          {"body", LatencyJson(latency.body)},
          {"wait", LatencyJson(latency.wait)},
          {"decode", LatencyJson(latency.decode)},
          {"resize", LatencyJson(latency.resize)},
          {"encode", LatencyJson(latency.encode)},
          {"store", LatencyJson(latency.store)}};
}

Json ReasonsJson(const std::map<Reason, std::uint64_t>& counts) {
  Json json = Json::object();
  for (const auto& [reason, count] : counts)
    json[std::string(ToWord(reason))] = count;
  return json;
}

Json HostsJson(const std::map<std::string, HostStats>& hosts) {
  struct Row {
    double mean_ms;
    const std::string* name;
    const HostStats* stats;
  };
  std::vector<Row> rows;
  rows.reserve(hosts.size());
  for (const auto& [name, host] : hosts)
    rows.push_back(
        {static_cast<double>(host.time.count()) / 1000 /
             static_cast<double>(std::max<std::uint64_t>(host.items, 1)),
         &name, &host});
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.mean_ms > b.mean_ms; });
  rows.resize(std::min<std::size_t>(rows.size(), 10));
  Json json = Json::array();
  for (const Row& row : rows)
    json.push_back({{"host", *row.name},
                    {"items", row.stats->items},
                    {"failed", row.stats->failed},
                    {"bytes", row.stats->bytes},
                    {"mean_fetch_ms", row.mean_ms}});
  return json;
}

Json MemoryJson(const RunFacts& facts) {
  const RunStats& stats = *facts.stats;
  return {{"limit_bytes", facts.memory_limit},
          {"peak_coordinator_private_bytes", stats.peak_coordinator_bytes},
          {"peak_worker_private_bytes", stats.peak_worker_bytes},
          {"peak_workers_private_bytes", stats.peak_workers_bytes},
          {"peak_shared_bytes", stats.peak_shared_bytes}};
}

Json CountsJson(const RunStats& stats) {
  return {{"listed", stats.listed},
          {"done", stats.done},
          {"skipped", stats.skipped},
          {"failed", stats.failed},
          {"done_before", stats.done_before},
          {"skipped_before", stats.skipped_before},
          {"failed_before", stats.failed_before},
          {"outputs_missing", stats.damaged_before},
          {"skipped_by_reason", ReasonsJson(stats.skipped_by_reason)},
          {"failed_by_reason", ReasonsJson(stats.failed_by_reason)},
          {"with_warnings", stats.warnings},
          {"retries", stats.retries}};
}

Json FailedJson(const ItemRecord& record) {
  Json json;
  json["url"] = ListableUri(record.uri);
  json["key"] = record.claim;
  json["status"] = ToWord(record.status);
  json["reason"] = ToWord(record.reason);
  json["message"] = record.message;
  json["error_message"] = record.message;
  json["attempts"] = record.attempts;
  // These are known only for an image that a worker held when it ended.
  if (record.reason == Reason::kCrash || record.signal != 0 ||
      !record.phase.empty()) {
    json["signal"] = record.signal;
    json["phase"] = record.phase;
  }
  json["index"] = record.index;
  json["host"] = RecordPart(record.host);
  json["dir"] = RecordPart(record.dir);
  json["stem"] = RecordPart(record.stem);
  json["srcext"] = RecordPart(record.srcext);
  json["original_width"] = record.width;
  json["original_height"] = record.height;
  if (!record.sha256.empty()) json["sha256"] = record.sha256;
  return json;
}

}  // namespace

std::string RecipeJson(const RunOptions& options) {
  return Dump(RecipeOf(options), -1);
}

Status WriteReport(const Place& place, const RunFacts& facts) {
  const RunStats& stats = *facts.stats;
  const RunOptions& options = *facts.options;
  Json sizes = Json::array();
  for (const SizeSpec& size : options.recipe.sizes) sizes.push_back(size.text);
  Json inputs = Json::array();
  for (const std::string& input : options.inputs)
    inputs.push_back(LooksLikeUrl(input) ? RedactUrl(input) : input);

  Json json;
  json["version"] = THUMBMILL_VERSION;
  json["ended"] = facts.ended;
  if (!facts.error.empty()) json["error"] = facts.error;
  json["exit_code"] = facts.exit_code;
  json["inputs"] = std::move(inputs);
  json["output"] = options.target.shown;
  json["backend"] = ToWord(options.backend);
  json["workers"] = facts.workers;
  json["recipe"] = RecipeOf(options);
  json["recipe"]["sizes"] = std::move(sizes);
  json["counts"] = CountsJson(stats);
  if (facts.counted)
    json["state_counts"] = {{"done", facts.counts.done},
                            {"skipped", facts.counts.skipped},
                            {"failed", facts.counts.failed}};
  json["bytes_in"] = stats.bytes_in;
  json["bytes_out"] = stats.bytes_out;
  json["files_out"] = stats.files_out;
  json["copied_bytes"] = stats.copied_bytes;
  json["message_bytes"] = stats.message_bytes;
  json["seconds"] = static_cast<double>(stats.elapsed.count()) / 1000;
  json["images_per_second"] = stats.images_per_second();
  json["seconds_to_first_image"] =
      static_cast<double>(stats.first_done.count()) / 1000;
  json["latency"] = StagesJson(stats.latency);
  json["memory"] = MemoryJson(facts);
  json["workers_lost"] = stats.workers_lost;
  json["workers_recycled"] = stats.workers_recycled;
  json["fetches_dropped_for_memory"] = stats.dropped;
  json["slowest_hosts"] = HostsJson(stats.hosts);

  WholeFile file(place.folder.get(), place.name, place.magic);
  RETURN_IF_ERROR(file.Open(0644));
  RETURN_IF_ERROR(file.Write(Dump(json, 2) + "\n"));
  return file.Finish();
}

Status WriteFailed(int state, Records* records) {
  WholeFile file(state, "failed.jsonl");
  RETURN_IF_ERROR(file.Open(0600));
  std::string buffer;
  // Written batch by batch: a state may hold millions of failures.
  const auto write = [&](std::span<const ItemRecord> batch) {
    buffer.clear();
    for (const ItemRecord& record : batch)
      buffer += Dump(FailedJson(record), -1) + "\n";
    return file.Write(buffer);
  };
  RETURN_IF_ERROR(records->Walk(kFailedOnly, write));
  return file.Finish();
}

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
      text += fmt::format(" {} {}", ToWord(reason), FormatCount(count));
    text += "\n";
  };
  list("failed:", stats.failed_by_reason);
  list("skipped:", stats.skipped_by_reason);
  if (stats.workers_lost > 0)
    text += fmt::format("workers lost: {}\n", stats.workers_lost);
  return text;
}

}  // namespace thumbmill
