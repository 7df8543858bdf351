// coordinator/engine/lister.h: reads the sources ahead of the run and claims
// names.
//
// The lister has a thread of its own, because a disk, a walk or a pipe may
// block. The thread reads a batch, computes each item's identity and the name
// it claims, asks the journal for the earlier record, and posts the verdicts to
// the loop. It stops at the end of the batch in which it reaches the requested
// number of items, so that a list of any length is streamed.
//
// Threads  Request() and Stop() from the loop; batches arrive in the loop.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "coordinator/engine/item.h"
#include "coordinator/journal/journal.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/source/naming.h"
#include "coordinator/source/source.h"

namespace thumbmill {

class EventLoop;
class OutputLook;

struct ListedItem {
  ItemPtr item;
  ClaimVerdict verdict;
};

struct ListedBatch {
  std::vector<ListedItem> items;
  bool end = false;  // the last batch
  Status status;     // an error if the journal or the thread failed
  // Set, together with `end`, if a list could not be read to its end. The
  // source has logged the error.
  std::optional<Error> unread;
  std::optional<double> progress;  // Source::progress() after this batch
};

struct ListerOptions {
  const NameTemplate* name = nullptr;
  ImageFormat wanted = ImageFormat::kUnknown;
  std::uint64_t all_sizes = 0;  // mask of all sizes
  OutputLook* look = nullptr;   // null if the journal is trusted
};

// Looks for the outputs of a verdict in the target. Adds the sizes of absent
// ones to `missing_mask`, and makes the verdict kPartly.
void LookAtOutputs(OutputLook* look, ClaimVerdict* verdict);

class Lister {
 public:
  Lister(EventLoop* loop, std::unique_ptr<Source> source, Journal* journal,
         const ListerOptions& options, std::function<void(ListedBatch)> batch);
  // Joins the thread. Cancel a source that blocks before.
  ~Lister();

  // Allows `count` more items to be read.
  void Request(std::size_t count);
  void Stop();

 private:
  void Run();
  bool WaitForCredit();
  ListedBatch ReadBatch();
  void Claim(ListedBatch* batch);
  void Answer(ListedBatch batch);
  void Look(ListedBatch* batch);

  EventLoop* loop_;
  std::unique_ptr<Source> source_;
  Journal* journal_;
  ListerOptions options_;
  std::function<void(ListedBatch)> batch_;
  CallbackGuard guard_;

  std::mutex mutex_;
  std::condition_variable asked_;
  std::size_t credit_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace thumbmill
