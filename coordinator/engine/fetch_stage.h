// coordinator/engine/fetch_stage.h: the fetch step of the walk: chooses the
// image to fetch next, and draws conclusions from the answers about the image,
// its host and the network.
//
// Owns     the limiter of hosts, the outage detector, the queue and the
//          fetcher.
// Runs in  the loop's thread.
// Errors   of an image are ItemFailed events, after the last retry. NetworkGone
//          comes if the network stays lost.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "common/seed.h"
#include "coordinator/engine/fetch_queue.h"
#include "coordinator/engine/fetcher.h"
#include "coordinator/engine/inbox.h"
#include "coordinator/net/host_limiter.h"
#include "coordinator/net/outage_detector.h"
#include "coordinator/net/retry_policy.h"

namespace thumbmill {

struct RunOptions;
struct RunStats;
class MemoryPeak;

struct FetchStageParts {
  EventLoop* loop = nullptr;
  IoPool* pool = nullptr;
  Transfers* transfers = nullptr;  // null if no input is a URL
  Arena* arena = nullptr;
  MemoryPeak* memory = nullptr;
  RunStats* stats = nullptr;
};

class FetchStage {
 public:
  // Images in the steps after this one.
  struct Ahead {
    std::size_t ready = 0;    // in their slots, not sent to a worker
    std::size_t waiting = 0;  // those of them that wait for a memory grant
    std::size_t leased = 0, storing = 0;
  };

  // `options` must outlive the stage.
  FetchStage(const RunOptions& options, const OutageDetectorOptions& network,
             const FetchStageParts& parts, Inbox inbox);

  // Takes an item that was listed.
  void Add(const ItemPtr& item) { queue_.Push(item); }
  // Resumes downloads that wait for memory, and starts fetches while there is
  // room. Pass `may_start` = false if records wait for the disk.
  void Pump(const Ahead& ahead, bool may_start);
  // Drops all items, without an answer. For a run that stops.
  void Stop();

  // Items that wait for their fetch.
  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
  [[nodiscard]] const Fetcher& fetcher() const { return fetcher_; }
  // Returns the host that is held longest and has items, with the end of its
  // hold.
  [[nodiscard]] std::optional<std::pair<std::string, TimePoint>> LongestHeld()
      const {
    return queue_.LongestHeld();
  }

 private:
  bool MayStart(const Ahead& ahead) const;
  bool MayReadAhead(const Ahead& ahead) const;
  FetchQueue::Taken Next(const Ahead& ahead, TimePoint now, int* probes);
  bool Start(const ItemPtr& item);
  void FailUntried(const ItemPtr& item);
  void OnFetched(const ItemPtr& item, FetchAnswer answer);
  void OnFetchedWell(const ItemPtr& item);
  // Puts the item back at the head of its line. The fetch was no try.
  void TakeBack(const ItemPtr& item);
  // Reports the answer to the limiter and to the outage detector.
  void Judge(const Item& item, const FetchAnswer& answer);
  void CountLoss(const Item& item, const std::string& message);
  void NetworkIsBack();
  void NetworkIsGone();

  const RunOptions& options_;
  FetchStageParts parts_;
  Inbox inbox_;
  HostLimiter hosts_;
  OutageDetector network_;
  FetchQueue queue_;
  Fetcher fetcher_;
  RetryPolicy retry_;
  bool stopped_ = false;
  std::mt19937_64 random_{FreshSeed()};
};

}  // namespace thumbmill
