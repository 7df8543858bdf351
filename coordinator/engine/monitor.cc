#include "coordinator/engine/monitor.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "coordinator/cli/options.h"
#include "coordinator/engine/dispatcher.h"
#include "coordinator/engine/fetch_stage.h"
#include "coordinator/engine/lister.h"
#include "coordinator/engine/storer.h"
#include "coordinator/loop/memory_peak.h"
#include "coordinator/net/url.h"
#include "coordinator/stats/forecast.h"

namespace thumbmill {
namespace {

// Period of the viewers.
constexpr Millis kShow{100};
// Period of Sample().
constexpr Millis kSample{250};
// Least time between two looks at our own memory.
constexpr Millis kLook{10};

Micros Between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<Micros>(to - from);
}

void Raise(std::uint64_t* peak, std::uint64_t value) {
  *peak = std::max(*peak, value);
}

}  // namespace

void Monitor::Start() { parts_.stats->started = Now(); }

void Monitor::Tick(TimePoint now) {
  if (now - last_look_ >= kLook) {
    last_look_ = now;
    parts_.memory->Look();
  }
  if (now - last_tick_ < kShow) return;
  last_tick_ = now;
  parts_.stats->elapsed =
      std::chrono::duration_cast<Millis>(now - parts_.stats->started);
  const ExecutorStats executor = parts_.executor->stats();
  parts_.forecast->Sample(
      now, static_cast<double>(executor.busy) /
               static_cast<double>(std::max<std::size_t>(executor.workers, 1)));
  if (now - last_sample_ >= kSample) {
    last_sample_ = now;
    Sample();
    FindSlowestHost(now);
  }
  if (viewers_.empty()) return;
  const Snapshot snapshot = Take(Detail::kNumbers);
  for (const Viewer& viewer : viewers_) viewer(snapshot);
}

void Monitor::End() {
  parts_.memory->Look();
  parts_.stats->peak_coordinator_bytes = parts_.memory->peak();
  parts_.stats->elapsed =
      std::chrono::duration_cast<Millis>(Now() - parts_.stats->started);
  Snapshot last = Take(Detail::kNumbers);
  last.ended = true;
  for (const Viewer& viewer : viewers_) viewer(last);
}

void Monitor::FindSlowestHost(TimePoint now) {
  std::unordered_map<std::string_view, SlowHost> hosts;
  parts_.fetch->fetcher().ForEach([&](const FetchNow& fetch) {
    if (!fetch.item->ref.is_url) return;
    SlowHost& host = hosts[fetch.item->ref.host];
    ++host.in_flight;
    host.oldest = std::max(
        host.oldest, std::chrono::duration_cast<Millis>(now - fetch.since));
  });
  // After the first one there is always a slowest host, so that the progress
  // block keeps its height.
  if (slowest_) slowest_->in_flight = 0;
  bool found = false;
  const auto take = [this, &found](SlowHost host) {
    if (found && host.wait() <= slowest_->wait()) return;
    found = true;
    slowest_ = std::move(host);
  };
  for (auto& [name, host] : hosts) {
    const auto known = parts_.stats->hosts.find(std::string(name));
    if (known != parts_.stats->hosts.end())
      host.recent = std::chrono::duration_cast<Millis>(known->second.recent);
    host.name = name;
    take(std::move(host));
  }
  // A host that is held has no fetch under way, but its items wait too.
  const auto held = parts_.fetch->LongestHeld();
  if (!held) return;
  SlowHost host;
  host.name = held->first;
  host.held = std::chrono::duration_cast<Millis>(held->second - now);
  if (host.held > Millis(0)) take(std::move(host));
}

void Monitor::Sample() {
  RunStats& stats = *parts_.stats;
  const ExecutorStats executor = parts_.executor->stats();
  parts_.memory->Look();
  const std::uint64_t shared =
      executor.shared_bytes + parts_.arena->allocated_bytes();
  // Shared pages count once here, not once per process that maps them.
  const std::uint64_t others = executor.private_bytes + shared;
  memory_used_ = parts_.memory->now() + others;
  Raise(&stats.peak_bytes, parts_.memory->TakeRecent() + others);
  Raise(&stats.peak_coordinator_bytes, parts_.memory->peak());
  Raise(&stats.peak_worker_bytes, executor.peak_private_bytes);
  Raise(&stats.peak_workers_bytes, executor.private_bytes);
  Raise(&stats.peak_shared_bytes, shared);
  stats.workers_lost = executor.workers_lost;
  stats.workers_recycled = executor.workers_recycled;
  stats.message_bytes = executor.message_bytes;
}

Snapshot Monitor::Take(Detail detail) const {
  const ExecutorStats executor = parts_.executor->stats();
  const ListState& list = parts_.lister->state();
  Snapshot snapshot;
  snapshot.counts = parts_.stats;
  snapshot.fetching = parts_.fetch->fetcher().active();
  snapshot.ready = parts_.dispatcher->ready();
  snapshot.storing = parts_.storer->active();
  snapshot.workers = executor.workers;
  snapshot.busy = executor.busy;
  snapshot.open = parts_.stats->open;
  if (const auto left = parts_.forecast->ImagesLeft(list)) {
    snapshot.left = left->images;
    snapshot.left_exact = left->exact;
  }
  snapshot.eta = parts_.forecast->TimeLeft(list);
  snapshot.memory_used = memory_used_;
  snapshot.memory_limit = parts_.options->memory;
  snapshot.waits_for_memory = parts_.fetch->fetcher().paused();
  snapshot.slowest = slowest_;
  if (detail == Detail::kActivity) snapshot.activity = ActivityNow();
  return snapshot;
}

Activity Monitor::ActivityNow() const {
  const TimePoint now = Now();
  Activity activity;
  for (const WorkerNow& worker : parts_.executor->Workers())
    activity.workers.push_back(ViewOf(worker));
  ListFetches(now, &activity);
  ListStores(now, &activity);
  return activity;
}

WorkerView Monitor::ViewOf(const WorkerNow& worker) const {
  WorkerView view;
  view.worker = worker.worker;
  view.thread = parts_.options->backend != Backend::kProcesses;
  view.pid = worker.pid;
  view.ready = worker.ready;
  view.waiting = worker.waiting;
  view.private_bytes = worker.private_bytes;
  const Item* item = parts_.dispatcher->Leased(worker.task);
  if (item == nullptr) return view;
  view.image = NameOf(*item);
  view.phase = worker.phase;
  view.attempt = item->attempts + 1;
  view.since = worker.since;
  return view;
}

void Monitor::ListFetches(TimePoint now, Activity* activity) const {
  parts_.fetch->fetcher().ForEach([&](const FetchNow& fetch) {
    if (activity->fetches.size() == Activity::kMostTransfers) {
      ++activity->more_fetches;
      return;
    }
    const Item& item = *fetch.item;
    TransferView& view = activity->fetches.emplace_back();
    view.image = NameOf(item);
    if (item.ref.is_url) view.host = item.ref.host;
    view.since = Between(fetch.since, now);
    view.bytes = item.length;
    view.tries = item.fetch_tries;
    view.waits_for_memory = fetch.paused;
  });
}

void Monitor::ListStores(TimePoint now, Activity* activity) const {
  std::vector<std::pair<TimePoint, const Item*>> stores;
  for (const auto& [item, since] : parts_.storer->under_way())
    stores.emplace_back(since, item.get());
  const std::size_t shown = std::min(stores.size(), Activity::kMostTransfers);
  activity->more_stores = stores.size() - shown;
  // Only the oldest are listed, so only those are sorted.
  std::partial_sort(stores.begin(),
                    stores.begin() + static_cast<std::ptrdiff_t>(shown),
                    stores.end());
  for (std::size_t i = 0; i < shown; ++i) {
    TransferView& view = activity->stores.emplace_back();
    view.image = NameOf(*stores[i].second);
    view.host = parts_.options->target.host;
    view.since = Between(stores[i].first, now);
    view.tries = stores[i].second->put_tries;
  }
}

}  // namespace thumbmill
