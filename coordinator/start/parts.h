// coordinator/start/parts.h: the parts of a run, and how they are built from
// its options.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "common/result.h"
#include "common/shm/arena.h"
#include "common/unique_fd.h"
#include "coordinator/cli/options.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/memory_plan.h"
#include "coordinator/exec/executor.h"
#include "coordinator/journal/journal.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/loop/memory_peak.h"
#include "coordinator/loop/signals.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/output_look.h"
#include "coordinator/sink/sink.h"
#include "coordinator/source/list_downloads.h"
#include "coordinator/source/name_template.h"
#include "coordinator/source/source.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {

// The parts of a run. The last member is destroyed first, so the order matters.
struct Parts {
  MemoryPlan plan;
  std::optional<MemoryBudget> input, decode, store;
  std::unique_ptr<Arena> arena;
  // Declared after the arena: callbacks that never ran may hold slots of it.
  std::unique_ptr<EventLoop> loop;
  std::optional<SourceCancel> cancel;    // unblocks a source that waits
  std::unique_ptr<ListDownloads> lists;  // null if no list lies on a server
  std::unique_ptr<Source> source;
  bool retry_failed = false;
  UniqueFd state;                 // the folder; invalid if nothing is kept
  std::atomic<bool> stop{false};  // ends a long query of the journal
  std::unique_ptr<Journal> journal;
  std::unique_ptr<OutputLook> look;
  std::unique_ptr<Sink> sink;
  // Declared after the parts that its tasks use: its threads must end before
  // those parts, also if a run stops at once.
  std::unique_ptr<IoPool> pool;
  std::unique_ptr<Transfers> transfers;
  std::unique_ptr<Executor> executor;
  std::optional<NameTemplate> name;
  RunStats stats;
  MemoryPeak memory;
};

// Builds the parts; for a dry run, only those that a list of names needs. A
// stop signal may end the process meanwhile, since nothing is half done.
[[nodiscard]] Status Build(const RunOptions& options, Parts* parts);

// Returns the parts that the engine works with.
[[nodiscard]] EngineParts PartsOfEngine(Parts* parts);

// Runs work that reads the sources. If a list is downloaded, the loop must run
// meanwhile.
[[nodiscard]] Status WithDownloads(Parts* parts, std::function<void()> work);

}  // namespace thumbmill
