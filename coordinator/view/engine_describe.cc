// Engine::Describe(): one line for each worker, download and upload (SIGUSR2).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/cli/units.h"
#include "coordinator/engine/engine.h"
#include "coordinator/net/url.h"
#include "coordinator/view/progress_text.h"
#include "coordinator/view/terminal_text.h"

namespace thumbmill {
namespace {

// Lines for downloads, and again for uploads; a run may have thousands.
constexpr std::size_t kMostLines = 100;

std::string NameOf(const Item& item) {
  return MakePrintable(item.ref.is_url ? RedactUrl(item.ref.uri)
                                       : item.ref.uri);
}

template <typename Duration>
std::string Seconds(Duration time) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

// Returns " from host" for a URL, and nothing for a file.
std::string FromHost(const Item& item) {
  return item.ref.is_url ? " from " + MakePrintable(item.ref.host) : "";
}

void CutLines(std::size_t all, std::size_t shown, const char* what,
              std::vector<std::string>* lines) {
  if (all > shown)
    lines->push_back(fmt::format("and {} more {}", all - shown, what));
}

}  // namespace

std::vector<std::string> Engine::Describe() const {
  const TimePoint now = Now();
  std::vector<std::string> lines;
  lines.push_back(ProgressLine(
      stats_, View(),
      Rates{stats_.images_per_second(), stats_.images_per_second()}));
  for (const WorkerNow& worker : parts_.executor->Workers())
    lines.push_back(DescribeWorker(worker));
  DescribeFetches(now, &lines);
  DescribeStores(now, &lines);
  return lines;
}

std::string Engine::DescribeWorker(const WorkerNow& worker) const {
  const bool thread = options_.backend != Backend::kProcesses;
  std::string line =
      thread ? fmt::format("thread {}", worker.worker)
             : fmt::format("worker {} (pid {})", worker.worker, worker.pid);
  if (!thread && worker.pid == 0)
    return fmt::format("worker {}: no process, it is being replaced",
                       worker.worker);
  const Item* item = dispatcher_.Leased(worker.task);
  if (item != nullptr) {
    const std::string_view phase = ToWord(worker.phase);
    line += fmt::format(": {} of {} for {}, attempt {}",
                        phase.empty() ? "start" : phase, NameOf(*item),
                        Seconds(worker.since), item->attempts + 1);
  } else {
    line += worker.ready ? ": idle" : ": starting";
  }
  if (worker.private_bytes > 0)
    line += ", " + FormatBytes(worker.private_bytes);
  if (worker.waiting > 0) line += fmt::format(", {} more wait", worker.waiting);
  return line;
}

void Engine::DescribeFetches(TimePoint now,
                             std::vector<std::string>* lines) const {
  std::size_t shown = 0;
  fetcher_.ForEach([&](const FetchNow& fetch) {
    if (shown == kMostLines) return;
    ++shown;
    lines->push_back(fmt::format(
        "fetch{}: {} for {}, {} so far, try {}{}", FromHost(*fetch.item),
        NameOf(*fetch.item), Seconds(now - fetch.since),
        FormatBytes(fetch.item->length), fetch.item->fetch_tries,
        fetch.paused ? ", waits for memory" : ""));
  });
  CutLines(fetcher_.active(), shown, "fetches", lines);
}

void Engine::DescribeStores(TimePoint now,
                            std::vector<std::string>* lines) const {
  std::vector<std::pair<TimePoint, const Item*>> stores;
  for (const auto& [item, since] : storer_.under_way())
    stores.emplace_back(since, item.get());
  const std::size_t shown = std::min(stores.size(), kMostLines);
  // Only the oldest are shown, so only those are sorted.
  std::partial_sort(stores.begin(),
                    stores.begin() + static_cast<std::ptrdiff_t>(shown),
                    stores.end());
  const std::optional<Url> target = ParseUrl(options_.output);
  for (std::size_t i = 0; i < shown; ++i)
    lines->push_back(
        fmt::format("store{}: {} for {}, try {}",
                    target ? " at " + MakePrintable(target->host) : "",
                    NameOf(*stores[i].second), Seconds(now - stores[i].first),
                    stores[i].second->put_tries));
  CutLines(stores.size(), shown, "stores", lines);
}

}  // namespace thumbmill
