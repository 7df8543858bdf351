// coordinator/sink/upload_queue.h: uploads the files of items to one server, in
// order and with bounded concurrency, and waits while the server is away.
//
// A target may be away: it does not answer, or it answers 503 or 429 to every
// request. This is not the fault of the images, so the queue holds their
// uploads. It sends one upload as a probe at growing intervals, and the others
// after the target has accepted one. Meanwhile the store budget fills up, and
// then the stages before it wait too. If the target accepts no upload for
// `give_up`, the failure is fatal.
//
// Any sink that stores a file with one request can use it: the sink supplies a
// FileSender and passes its Put() and Abort() on.
//
// Runs in  the loop's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "common/clock.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/net/host_limiter.h"
#include "coordinator/net/retry_rules.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/sink.h"
#include "proto/reason.h"

namespace thumbmill {

// The answer to one file.
struct SendResult {
  // kStored, kRefused, kTransient or kFatal; kAway is the queue's own verdict.
  StoreResult stored;
  // Of a transient failure: how the server behaved.
  enum class Server : std::uint8_t { kAnswers, kBusy, kSilent };
  Server server = Server::kAnswers;
  Reason reason = Reason::kNone;  // why it is silent
};

// Sends one file with one request.
class FileSender {
 public:
  using Done = std::function<void(SendResult)>;
  virtual ~FileSender() = default;
  // Never calls `done` before it returns. The file's bytes live until `done`.
  virtual TransferId Send(const StoreItem::File& file, Done done) = 0;
  // Ends the request without calling its `done`.
  virtual void Cancel(TransferId id) = 0;
};

struct UploadQueueOptions {
  std::size_t at_once = 32;  // most requests, for all items together
  // Wait before the first probe; doubled.
  Millis first_hold = bounds::kFirstDelay;
  Millis last_hold = bounds::kLastTargetHold;  // longest wait between probes
  Millis give_up = bounds::kTargetGiveUp;
};

class UploadQueue {
 public:
  UploadQueue(EventLoop* loop, FileSender* sender,
              const UploadQueueOptions& options);
  ~UploadQueue() { Abort(); }

  void Add(std::shared_ptr<StoreItem> item, Sink::Done done);
  // Forgets all items without calling their `done`.
  void Abort();

 private:
  // An item under way. Its files start in order. After the first failure no
  // more of them start, and `done` is called when the running ones have ended.
  struct Upload {
    std::shared_ptr<StoreItem> item;
    Sink::Done done;
    std::size_t next = 0;     // index of the next file to start
    std::size_t running = 0;  // number of running requests
    StoreResult result;

    [[nodiscard]] bool failed() const {
      return result.outcome != StoreOutcome::kStored;
    }
    [[nodiscard]] bool has_more() const {
      return !failed() && next < item->files.size();
    }
  };
  using UploadRef = std::shared_ptr<Upload>;

  bool MayStartFile();
  void StartFiles();
  void StartFile(const UploadRef& upload);
  void FileDone(const UploadRef& upload, SendResult result);
  void Judge(SendResult* result);

  EventLoop* loop_;
  FileSender* sender_;
  UploadQueueOptions options_;
  std::deque<UploadRef> waiting_;  // items with files to start
  std::unordered_set<TransferId> running_;
  HostLimiter limiter_;
  // The first failure since the target accepted or clearly refused a file.
  std::optional<TimePoint> refused_since_;
  EventLoop::TimerId wake_ = 0;  // 0: none
  CallbackGuard guard_;          // of posted answers; Abort() cuts it
};

}  // namespace thumbmill
