#include "coordinator/view/report_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "coordinator/net/url.h"
#include "coordinator/source/name_parts.h"
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

Json RecipeOf(const RunOptions& options) {
  const Recipe& recipe = options.recipe;
  Json json;
  json["fit_enlarge"] = recipe.enlarge;
  json["format"] = ToString(recipe.format);
  json["quality"] = {{"jpg", recipe.jpeg_quality},
                     {"webp", recipe.webp_quality}};
  json["filter"] = ToString(recipe.filter);
  json["linear"] = recipe.linear;
  json["background"] = fmt::format("#{:02x}{:02x}{:02x}", recipe.background.r,
                                   recipe.background.g, recipe.background.b);
  json["rotate"] = recipe.rotate;
  json["keep"] = ToText(recipe.keep);
  json["fail_on"] = ToString(recipe.fail_on);
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
    json[std::string(ToString(reason))] = count;
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

}  // namespace

std::string RecipeJson(const RunOptions& options) {
  return Dump(RecipeOf(options), -1);
}

std::string FailedJson(const ItemRecord& record) {
  Json json;
  json["url"] = ListableUri(record.uri);
  json["key"] = record.claim;
  json["status"] = ToString(record.status);
  json["reason"] = ToString(record.reason);
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
  return Dump(json, -1);
}

std::string ReportJson(const RunFacts& facts) {
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
  json["backend"] = ToString(options.backend);
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

  return Dump(json, 2);
}

}  // namespace thumbmill
