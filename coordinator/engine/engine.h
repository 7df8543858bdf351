// coordinator/engine/engine.h: the one loop that joins the parts of the walk.
//
//   Lister -> FetchStage -> Dispatcher -> Storer -> Committer
//
// Each part answers with an event (inbox.h). Hear() turns the event into the
// item's next step, and Pump() gives every part as many items as it has room
// for. Each part bounds its waits with a deadline, so a run always ends.
//
// Runs in  the coordinator's main thread.
// Errors   the error of an image goes into its record; an error of the run
//          (target, journal, no worker) ends the run and is in RunEnd.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/engine/committer.h"
#include "coordinator/engine/dispatcher.h"
#include "coordinator/engine/fetch_stage.h"
#include "coordinator/engine/inbox.h"
#include "coordinator/engine/lister.h"
#include "coordinator/engine/monitor.h"
#include "coordinator/engine/quarantine.h"
#include "coordinator/engine/storer.h"
#include "coordinator/stats/forecast.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {

class EventLoop;
class IoPool;
class MemoryPeak;
class OutputLook;

struct EngineParts {
  EventLoop* loop = nullptr;
  IoPool* pool = nullptr;
  Transfers* transfers = nullptr;  // null if no input is a URL
  Arena* arena = nullptr;          // inputs
  MemoryBudget* decode = nullptr;
  MemoryBudget* store = nullptr;
  Executor* executor = nullptr;
  Sink* sink = nullptr;
  Journal* journal = nullptr;
  OutputLook* look = nullptr;  // null if the journal is trusted
  // The engine sets it when an interrupted run stops at once; the journal's
  // queries then fail with kCancelled.
  std::atomic<bool>* stop = nullptr;
  const NameTemplate* name = nullptr;
  RunStats* stats = nullptr;
  MemoryPeak* memory = nullptr;  // measures since the process began
  OutageDetectorOptions network;
  // Unblocks a source that waits for input (stdin).
  std::function<void()> cancel_source;
};

struct RunEnd {
  enum class Kind {
    kFinished,     // every item has its record
    kLimit,        // too many failures, or the network is lost (`error`)
    kFatal,        // the run cannot go on (`error`)
    kInterrupted,  // a signal stopped the run (`signal`)
  };
  Kind kind = Kind::kFinished;
  Error error;
  int signal = 0;
};

class Engine {
 public:
  Engine(const RunOptions& options, const EngineParts& parts,
         std::unique_ptr<Source> source);
  ~Engine();

  // Returns when every item is final or the run has stopped.
  [[nodiscard]] RunEnd Run();

  // Call in the loop's thread. The first call drains the run, the second stops
  // it at once.
  void Interrupt(int signal) { Hear(StopAsked{signal}); }

  // Takes viewers, and gives snapshots.
  [[nodiscard]] Monitor& monitor() { return monitor_; }

 private:
  // Handles everything that the engine can hear. The walk is here.
  void Hear(Event event);
  void Admit(const ListedItem& listed);
  // Gives up a failed item. Its input is no longer needed.
  void Conclude(Examined failed);
  void Record(const ItemPtr& item, ItemStatus status, Reason reason,
              std::string message, std::vector<OutputRecord> outputs);
  void OnCommitted(const std::vector<CommitEntry>& batch);

  void Pump();

  // Ends of a run.
  void Drain(RunEnd end);
  void StopNow();
  void Fatal(Error error);
  [[nodiscard]] bool Ended() const;

  const RunOptions& options_;
  EngineParts parts_;
  RunStats& stats_;
  Forecast forecast_;
  const Inbox inbox_ = [this](Event event) { Hear(std::move(event)); };

  FetchStage fetch_;
  Dispatcher dispatcher_;
  Quarantine quarantine_;
  Storer storer_;
  Committer committer_;
  Lister lister_;
  Monitor monitor_;

  bool draining_ = false;
  bool stopped_ = false;
  RunEnd end_;
};

}  // namespace thumbmill
