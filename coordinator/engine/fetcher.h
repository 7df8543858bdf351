// coordinator/engine/fetcher.h: turns an item's URI into bytes in its slot.
//
// curl's callback writes the bytes of a URL into shared memory; a pool thread
// reads a file into it. The fetcher does not retry: it reports the result. It
// cancels a download whose first bytes are not an image.
//
// Memory   A file's slot is charged with the file's size before the read. The
//          slot of a download grows as bytes arrive; when the budget refuses,
//          the fetcher pauses the download. ResumeOrEvict() resumes the oldest
//          download as memory returns. When only downloads hold memory, it
//          drops the youngest ones, and their answer is `dropped`, which is
//          not a try. In this way the oldest download always finishes.
//          To drop few, a download starts only while there is room for it and
//          all running downloads to become as large as the images of this run
//          have been. Beyond 64 downloads, there must also be room for the
//          memory that a transfer uses outside its slot.
// Runs in  the loop's thread; reads in the pool. Answers come from the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "coordinator/engine/file_read.h"
#include "coordinator/engine/item.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/net/retry_rules.h"

namespace thumbmill {

class EventLoop;
class IoPool;

struct FetchAnswer {
  Reason reason = Reason::kNone;
  std::string message;
  bool dropped = false;  // memory was short: fetch the image again
  Millis retry_after{0};
  int http_status = 0;
  bool redirected = false;  // the answer came from another host than the URL's

  // Returns true if another try may succeed.
  [[nodiscard]] bool transient() const { return MayRetry(reason, http_status); }
};

struct FetcherOptions {
  std::size_t downloads = 64;   // most transfers and reads at once
  std::uint64_t max_bytes = 0;  // most bytes of one image
  // Called with the number of bytes of shared memory that a download will
  // touch next. May be null.
  std::function<void(std::uint64_t)> grown = nullptr;
};

// A fetch that runs.
struct FetchNow {
  const Item* item = nullptr;
  TimePoint since{};
  bool paused = false;  // waits for memory
};

class Fetcher {
 public:
  using Done = std::function<void(ItemPtr, FetchAnswer)>;

  // `transfers` may be null when no input is a URL.
  Fetcher(EventLoop* loop, IoPool* pool, Transfers* transfers, Arena* arena,
          const FetcherOptions& options, Done done);
  ~Fetcher();

  // Returns true if the fetch has started; `done` will be called. Returns false
  // if there is no slot or no memory, or if `downloads` fetches run already.
  [[nodiscard]] bool Start(const ItemPtr& item);

  // Resumes downloads that wait for memory, or drops some of them. Pass
  // `others_hold_memory` = true if inputs outside the fetcher will release
  // memory; then it drops none.
  void ResumeOrEvict(bool others_hold_memory);

  // Cancels all fetches without an answer. Reads that have started finish by
  // themselves.
  void CancelAll();

  [[nodiscard]] std::size_t active() const { return active_.size(); }
  [[nodiscard]] bool paused() const { return paused_ > 0; }
  // Visits the running fetches, the oldest first.
  void ForEach(const std::function<void(const FetchNow&)>& visit) const;

 private:
  class Fetch;
  using FetchPtr = std::shared_ptr<Fetch>;

  bool StartUrl(const ItemPtr& item, const FetchPtr& fetch);
  bool StartFile(const ItemPtr& item, const FetchPtr& fetch);
  void SubmitRead(const FetchPtr& fetch);
  void OnRead(const FetchPtr& fetch, const FileRead& read);
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
  std::map<std::uint64_t, FetchPtr> active_;  // by age, the oldest first
  std::size_t paused_ = 0;
  // Expected bytes of a download: a moving mean that leans to the large side.
  double expected_bytes_ = 256 << 10;
  CallbackGuard guard_;
};

}  // namespace thumbmill
