// coordinator/engine/snapshot.h: the state of a run at one moment, for those
// who show it: the progress, the answer to SIGUSR2, a page.
//
// A snapshot holds values only; nothing in it changes later, except `counts`,
// which points to the counters of the run. Texts hold any bytes: escape them
// for the medium. URLs are redacted.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "coordinator/stats/run_stats.h"
#include "proto/phase.h"

namespace thumbmill {

// The host that the run waits for longest at this moment.
struct SlowHost {
  std::string name;
  Millis recent{0};  // moving mean of the time for one answer
  std::size_t in_flight = 0;
  Millis oldest{0};  // age of the oldest request in flight
  Millis held{0};    // > 0: no request starts for this long
  [[nodiscard]] Millis wait() const { return std::max({recent, oldest, held}); }
};

// One worker process or thread.
struct WorkerView {
  std::size_t worker = 0;
  bool thread = false;  // a thread of ours, not a process
  pid_t pid = 0;        // 0 if it is a thread, or has no process now
  bool ready = false;   // it can take a task
  std::string image;    // image at work, or empty
  Phase phase = Phase::kNone;
  int attempt = 0;                  // at this image, from 1
  Micros since{0};                  // time since it began that image
  std::size_t waiting = 0;          // images that it holds besides that one
  std::uint64_t private_bytes = 0;  // 0 if it is a thread
};

// One download, read, or upload.
struct TransferView {
  std::string image;
  std::string host;  // the other side; empty for a file
  Micros since{0};
  std::uint64_t bytes = 0;  // that have arrived; 0 for an upload
  int tries = 0;
  bool waits_for_memory = false;
};

// Everything that is under way, one by one. A run may have thousands of
// transfers: the oldest kMostTransfers are listed, the others counted.
struct Activity {
  static constexpr std::size_t kMostTransfers = 100;
  std::vector<WorkerView> workers;
  std::vector<TransferView> fetches, stores;
  std::size_t more_fetches = 0, more_stores = 0;
};

struct Snapshot {
  const RunStats* counts = nullptr;
  bool ended = false;  // the run has ended: nothing changes any more
  // Images that are being downloaded, wait for a worker, or are being stored.
  std::size_t fetching = 0, ready = 0, storing = 0;
  std::size_t workers = 0, busy = 0;
  // Images that are not final: `open` of them are listed; `left` includes those
  // that are not listed yet, and is empty if their number is unknown.
  std::uint64_t open = 0;
  std::optional<std::uint64_t> left;
  bool left_exact = false;
  std::optional<Millis> eta;
  std::uint64_t memory_used = 0, memory_limit = 0;
  bool waits_for_memory = false;    // downloads wait for memory
  std::optional<SlowHost> slowest;  // empty if no host was waited for yet
  Activity activity;                // only with Detail::kActivity
};

enum class Detail {
  kNumbers,   // cheap enough for ten times a second
  kActivity,  // reads files in /proc, and copies names
};

// Called at most ten times a second, and once when the run has ended.
using Viewer = std::function<void(const Snapshot&)>;

}  // namespace thumbmill
