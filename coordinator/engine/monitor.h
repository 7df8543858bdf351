// coordinator/engine/monitor.h: watches a run: samples its memory and its
// speed, finds the host that it waits for, and gives snapshots to the viewers.
//
// Runs in  the loop's thread.
#pragma once

#include <optional>
#include <vector>

#include "coordinator/engine/snapshot.h"

namespace thumbmill {

class Arena;
class Dispatcher;
class Executor;
class FetchStage;
class Forecast;
class Lister;
class MemoryPeak;
class Storer;
struct Item;
struct RunOptions;
struct WorkerNow;

// The parts that the monitor looks at. They must outlive it.
struct MonitorParts {
  const RunOptions* options = nullptr;
  RunStats* stats = nullptr;
  Forecast* forecast = nullptr;
  MemoryPeak* memory = nullptr;
  const Arena* arena = nullptr;
  const Executor* executor = nullptr;
  const Lister* lister = nullptr;
  const FetchStage* fetch = nullptr;
  const Dispatcher* dispatcher = nullptr;
  const Storer* storer = nullptr;
};

class Monitor {
 public:
  explicit Monitor(const MonitorParts& parts) : parts_(parts) {}

  // Adds one more reader. Several may watch one run.
  void AddViewer(Viewer viewer) { viewers_.push_back(std::move(viewer)); }
  [[nodiscard]] Snapshot Take(Detail detail) const;

  // Call when the run starts, and then in each round of the loop.
  void Start();
  void Tick(TimePoint now);
  // Measures the memory now. Call before a large part of it is freed, because
  // Tick() measures only four times a second, and before the executor stops,
  // because afterwards nothing tells its memory.
  void Sample();
  // Call when everything has ended. Shows the last snapshot.
  void End();

 private:
  void FindSlowestHost(TimePoint now);
  [[nodiscard]] Activity ActivityNow() const;
  [[nodiscard]] WorkerView ViewOf(const WorkerNow& worker) const;
  void ListFetches(TimePoint now, Activity* activity) const;
  void ListStores(TimePoint now, Activity* activity) const;

  MonitorParts parts_;
  std::vector<Viewer> viewers_;
  std::optional<SlowHost> slowest_;  // as of the last sample
  std::uint64_t memory_used_ = 0;    // bytes, as of the last sample
  TimePoint last_tick_{}, last_sample_{}, last_look_{};
};

}  // namespace thumbmill
