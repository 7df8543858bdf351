// coordinator/engine/fetcher.h: turns an item's URI into bytes in its slot.
//
// A URL's bytes go from curl's callback into shared memory; a file's are read
// into it by a pool thread. Not a retry policy: it answers what happened. A
// download whose first bytes are no image is not brought to its end.
//
// Memory   A file's slot is charged with its size before it is read. A
//          download grows as it arrives; when the budget refuses, it is
//          paused. Relieve() resumes the oldest one as memory returns, and
//          drops the youngest ones (answered as `dropped`: not a try) when
//          nothing but downloads holds memory. So the oldest always finishes.
//          To drop as little as possible, a download starts only while there
//          is room for it, and for what is under way, to become as large as
//          images of this run have been; beyond 64 downloads, also for what
//          a transfer holds beside its slot.
// Runs in  the loop's thread; reads in the pool. Answers come from the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "coordinator/engine/item.h"

namespace thumbmill {

class EventLoop;
class IoPool;

struct FetchAnswer {
  Reason reason = Reason::kNone;
  std::string message;
  bool transient = false;
  bool dropped = false;  // for want of memory: to be fetched again
  Millis retry_after{0};
  int http_status = 0;
  bool redirected = false;  // another host's answer than the URL's
};

struct FetcherOptions {
  std::size_t downloads = 64;   // transfers and reads under way at once
  std::uint64_t max_bytes = 0;  // of one image
  // Told how many bytes of shared memory a download is about to touch, or null.
  std::function<void(std::uint64_t)> grown = nullptr;
};

// One that is under way.
struct FetchNow {
  const Item* item = nullptr;
  TimePoint since{};
  bool paused = false;  // for want of memory
};

class Fetcher {
 public:
  using Done = std::function<void(ItemPtr, FetchAnswer)>;

  // `transfers` may be null when no input is a URL.
  Fetcher(EventLoop* loop, IoPool* pool, Transfers* transfers, Arena* arena,
          const FetcherOptions& options, Done done);
  ~Fetcher();

  // True: it was started and `done` follows. False: no slot, no memory, or as
  // many under way as allowed.
  [[nodiscard]] bool Start(const ItemPtr& item);

  // Deals with downloads that wait for memory. `others_hold_memory`: inputs
  // beyond the fetcher's own will be given back without its doing.
  void Relieve(bool others_hold_memory);

  // Ends all; no answer follows. Reads that run already finish by themselves.
  void CancelAll();

  [[nodiscard]] std::size_t active() const { return active_.size(); }
  [[nodiscard]] bool paused() const { return paused_ > 0; }
  // The oldest first.
  void ForEach(const std::function<void(const FetchNow&)>& visit) const;

 private:
  class Fetch;
  using FetchPtr = std::shared_ptr<Fetch>;

  bool StartUrl(const ItemPtr& item, const FetchPtr& fetch);
  bool StartFile(const ItemPtr& item, const FetchPtr& fetch);
  void SubmitRead(const FetchPtr& fetch);
  void Finish(const FetchPtr& fetch, FetchAnswer answer);
  void Drop(const FetchPtr& fetch);
  bool Resume(Fetch* fetch);
  [[nodiscard]] bool HasRoomForDownload() const;

  EventLoop* loop_;
  IoPool* pool_;
  Transfers* transfers_;
  Arena* arena_;
  MemoryBudget* budget_;
  FetcherOptions options_;
  Done done_;
  std::uint64_t next_age_ = 0;
  std::map<std::uint64_t, FetchPtr> active_;  // by age: the oldest first
  std::size_t paused_ = 0;
  // Bytes that a download is expected to take: a moving mean, rounded up.
  double expected_bytes_ = 256 << 10;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace thumbmill
