// coordinator/engine/committer.h: makes batches durable: publish, then journal.
//
// This class keeps invariant 1: it publishes an item's outputs (syncs and
// renames them) before it commits the item's record, and an item is final only
// after that. One batch at a time runs in a thread of its own. Entries that
// arrive meanwhile become the next batch, so a slower disk gets larger batches.
//
// Runs in  the loop's thread; Publish() and Commit() in its own.
// Errors   a failed batch stays unrecorded, no further batch starts, and
//          `failed` is called once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/engine/item.h"
#include "coordinator/journal/journal.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/io_pool.h"

namespace thumbmill {

class EventLoop;

struct CommitEntry {
  ItemPtr item;  // may be null when there is only a record
  ItemRecord record;
  std::shared_ptr<StoreItem> store;  // null if there is nothing to publish
};

class Committer {
 public:
  using Committed = std::function<void(std::vector<CommitEntry>)>;
  using Failed = std::function<void(Error)>;

  Committer(EventLoop* loop, Sink* sink, Journal* journal, Committed committed,
            Failed failed);

  void Add(CommitEntry entry);
  // Starts a batch if none runs and the waiting one is full or old, or if
  // `now` is true.
  void Pump(bool now);

  // Entries that were added and are not yet durable.
  [[nodiscard]] std::size_t pending() const { return waiting_.size() + busy_; }

 private:
  void Start();

  EventLoop* loop_;
  Sink* sink_;
  Journal* journal_;
  Committed committed_;
  Failed failed_;
  std::vector<CommitEntry> waiting_;
  TimePoint oldest_{};
  std::size_t busy_ = 0;  // entries of the batch that runs
  bool broken_ = false;
  CallbackGuard guard_;
  IoPool thread_{1, "tm-commit"};
};

}  // namespace thumbmill
