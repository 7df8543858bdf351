#include "coordinator/stats/run_stats.h"

namespace thumbmill {
namespace {

// A share of a few items says little, so the bound waits for this many.
constexpr std::uint64_t kLeastForShare = 1000;

}  // namespace

void RunStats::CountBefore(ItemStatus status) {
  switch (status) {
    case ItemStatus::kDone:
      ++done_before;
      return;
    case ItemStatus::kSkipped:
      ++skipped_before;
      return;
    case ItemStatus::kFailed:
      ++failed_before;
      return;
  }
}

void RunStats::CountDuplicate() {
  ++skipped;
  ++skipped_by_reason[Reason::kDuplicate];
}

void RunStats::CountMade(const StageTimes& times, Micros since_ready,
                         std::uint64_t bytes) {
  latency.decode.Add(times.decode);
  latency.resize.Add(times.resize);
  latency.encode.Add(times.encode);
  // The wait is the rest: queue, message and copy, but none of the stages.
  latency.wait.Add(since_ready - times.decode - times.resize - times.encode);
  copied_bytes += bytes;
}

void RunStats::CountEnded(ItemStatus status) {
  ++ended;
  ended_failed += status == ItemStatus::kFailed ? 1 : 0;
}

bool RunStats::Exceeds(const FailureBound& bound) const {
  if (bound.percent <= 0) return ended_failed > bound.count;
  return ended >= kLeastForShare &&
         static_cast<double>(ended_failed) >
             static_cast<double>(ended) * bound.percent / 100;
}

void RunStats::Count(const FinalImage& image, TimePoint now) {
  bytes_in += image.bytes_in;
  bytes_out += image.bytes_out;
  files_out += image.files_out;
  warnings += image.warned ? 1 : 0;
  switch (image.status) {
    case ItemStatus::kDone:
      if (++done == 1)
        first_done = std::chrono::duration_cast<Millis>(now - started);
      break;
    case ItemStatus::kSkipped:
      ++skipped;
      ++skipped_by_reason[image.reason];
      break;
    case ItemStatus::kFailed:
      ++failed;
      ++failed_by_reason[image.reason];
      break;
  }
  CountHost(image);
}

void RunStats::CountHost(const FinalImage& image) {
  if (image.host.empty()) return;
  const std::string name(image.host);
  // A list may name millions of hosts, so memory is bounded here: hosts beyond
  // the bound have no statistics.
  if (!hosts.contains(name) && hosts.size() >= kMaxHosts) return;
  HostStats& host = hosts[name];
  ++host.items;
  host.failed += image.status == ItemStatus::kFailed ? 1 : 0;
  host.bytes += image.bytes_in;
  host.time += image.fetch_time;
}

void RunStats::CountAnswer(const std::string& host, Micros took) {
  const auto found = hosts.find(host);
  if (found == hosts.end()) return;
  Micros& recent = found->second.recent;
  recent = recent == Micros(0) ? took : recent + (took - recent) / 8;
}

}  // namespace thumbmill
