#include "coordinator/view/describe.h"

#include <fmt/format.h>

#include "coordinator/cli/units.h"
#include "coordinator/view/progress_text.h"
#include "coordinator/view/terminal_text.h"

namespace thumbmill {
namespace {

std::string Seconds(Micros time) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

std::string WorkerLine(const WorkerView& worker) {
  if (!worker.thread && worker.pid == 0)
    return fmt::format("worker {}: no process, it is being replaced",
                       worker.worker);
  std::string line = worker.thread ? fmt::format("thread {}", worker.worker)
                                   : fmt::format("worker {} (pid {})",
                                                 worker.worker, worker.pid);
  if (!worker.image.empty()) {
    const std::string_view phase = ToString(worker.phase);
    line += fmt::format(
        ": {} of {} for {}, attempt {}", phase.empty() ? "start" : phase,
        MakePrintable(worker.image), Seconds(worker.since), worker.attempt);
  } else {
    line += worker.ready ? ": idle" : ": starting";
  }
  if (worker.private_bytes > 0)
    line += ", " + FormatBytes(worker.private_bytes);
  if (worker.waiting > 0) line += fmt::format(", {} more wait", worker.waiting);
  return line;
}

// Returns " from host", or nothing for a file.
std::string WithHost(const char* word, const TransferView& transfer) {
  return transfer.host.empty()
             ? ""
             : fmt::format(" {} {}", word, MakePrintable(transfer.host));
}

std::string FetchLine(const TransferView& fetch) {
  return fmt::format("fetch{}: {} for {}, {} so far, try {}{}",
                     WithHost("from", fetch), MakePrintable(fetch.image),
                     Seconds(fetch.since), FormatBytes(fetch.bytes),
                     fetch.tries,
                     fetch.waits_for_memory ? ", waits for memory" : "");
}

std::string StoreLine(const TransferView& store) {
  return fmt::format("store{}: {} for {}, try {}", WithHost("at", store),
                     MakePrintable(store.image), Seconds(store.since),
                     store.tries);
}

}  // namespace

std::vector<std::string> Describe(const Snapshot& snapshot) {
  const Activity& activity = snapshot.activity;
  const double rate = snapshot.counts->images_per_second();
  std::vector<std::string> lines = {ProgressLine(snapshot, Rates{rate, rate})};
  for (const WorkerView& worker : activity.workers)
    lines.push_back(WorkerLine(worker));
  for (const TransferView& fetch : activity.fetches)
    lines.push_back(FetchLine(fetch));
  if (activity.more_fetches > 0)
    lines.push_back(fmt::format("and {} more fetches", activity.more_fetches));
  for (const TransferView& store : activity.stores)
    lines.push_back(StoreLine(store));
  if (activity.more_stores > 0)
    lines.push_back(fmt::format("and {} more stores", activity.more_stores));
  return lines;
}

}  // namespace thumbmill
