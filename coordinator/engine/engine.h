// coordinator/engine/engine.h: the one loop that joins the parts of the walk.
//
//   Lister -> FetchQueue -> Fetcher -> Dispatcher -> Storer -> Committer
//
// Each part answers with an event. The engine turns the event into the item's
// next step, and Pump() gives every part as many items as it has room for. Each
// part bounds its waits with a deadline, so a run always ends.
//
// Runs in  the coordinator's main thread.
// Errors   the error of an image goes into its record; an error of the run
//          (target, journal, no worker) ends the run and is in RunEnd.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include "common/seed.h"
#include "coordinator/cli/options.h"
#include "coordinator/engine/committer.h"
#include "coordinator/engine/dispatcher.h"
#include "coordinator/engine/fetch_queue.h"
#include "coordinator/engine/fetcher.h"
#include "coordinator/engine/lister.h"
#include "coordinator/engine/storer.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/memory_peak.h"
#include "coordinator/net/host_limiter.h"
#include "coordinator/net/outage_detector.h"
#include "coordinator/stats/forecast.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {

class EventLoop;
class IoPool;
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
  MemoryPeak* memory = nullptr;  // measures since the process began, or null
  OutageDetectorOptions network;
  // Unblocks a source that waits for input (stdin).
  std::function<void()> cancel_source;
  // Called at most ten times a second, and once when the run has ended.
  std::function<void(const RunView&)> show;
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
  void Interrupt(int signal);

  // Returns one line per worker, download and upload with its present work.
  // For people; URLs are redacted.
  [[nodiscard]] std::vector<std::string> Describe() const;

 private:
  // Records that may wait for the disk. With more, no new work starts.
  static constexpr std::size_t kMaxUncommitted = 8192;

  // The steps of the walk.
  void OnListed(const ListedBatch& batch);
  void Admit(const ListedItem& listed);
  void OnFetched(const ItemPtr& item, FetchAnswer answer);
  void OnFetchedWell(const ItemPtr& item);
  void OnMade(const ItemPtr& item,
              std::vector<std::vector<std::uint8_t>> outputs);
  void OnStored(const ItemPtr& item, std::vector<OutputRecord> outputs);
  void OnCommitted(const std::vector<CommitEntry>& batch);
  void OnFailed(const ItemPtr& item, Reason reason, std::string message);
  void KeepInput(const ItemPtr& item, Reason reason, std::string message);
  void Conclude(const ItemPtr& item, Reason reason, std::string message);

  void Pump();
  void RequestMore();
  void StartFetches();
  bool MayStartFetch() const;
  bool MayReadAhead() const;
  FetchQueue::Taken NextToFetch(TimePoint now, int* probes);
  bool StartFetch(const ItemPtr& item);
  void FailUntried(const ItemPtr& item);
  // Reports the answer to HostLimiter and OutageDetector.
  void Judge(const Item& item, const FetchAnswer& answer);
  void CountLoss(const Item& item, const std::string& message);
  void NetworkIsBack();
  void NetworkIsGone();
  void Record(const ItemPtr& item, ItemStatus status, Reason reason,
              std::string message, std::vector<OutputRecord> outputs);
  void Forget(std::size_t items);

  // Ends of a run.
  void Drain(RunEnd end);
  void StopNow();
  void Fatal(Error error);
  bool Ended() const;

  void Tick();
  void Sample();
  void FindSlowestHost(TimePoint now);
  RunView View() const;
  [[nodiscard]] std::string DescribeWorker(const WorkerNow& worker) const;
  void DescribeFetches(TimePoint now, std::vector<std::string>* lines) const;
  void DescribeStores(TimePoint now, std::vector<std::string>* lines) const;

  const RunOptions& options_;
  EngineParts parts_;
  RunStats& stats_;

  HostLimiter hosts_;
  OutageDetector network_;
  FetchQueue queue_;
  Fetcher fetcher_;
  Dispatcher dispatcher_;
  Storer storer_;
  Committer committer_;
  RetryPolicy retry_;
  std::unique_ptr<Lister> lister_;

  std::size_t asked_ = 0;  // items requested from the lister, not yet arrived
  bool listing_ended_ = false;
  std::optional<double> progress_;  // part of the sources that was read, 0 to 1
  Forecast forecast_;
  std::optional<SlowHost> slowest_;  // as of the last Sample()
  std::uint64_t memory_used_ = 0;    // bytes, as of the last Sample()
  std::size_t open_ = 0;             // items listed, not final
  // Failed items whose inputs are being written to --keep-poison, by index.
  std::unordered_map<std::uint64_t, ItemPtr> kept_;
  bool draining_ = false;
  bool stopped_ = false;
  RunEnd end_;
  TimePoint last_tick_{}, last_sample_{}, last_look_{};
  MemoryPeak own_memory_;
  MemoryPeak& memory_;  // parts_.memory, or own_memory_ if that is null
  CallbackGuard guard_;
  std::mt19937_64 random_{FreshSeed()};
};

}  // namespace thumbmill
