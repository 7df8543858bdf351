// coordinator/engine/committer.h: makes batches durable: publish, then journal.
//
// Invariant 1 lives here: an item's outputs are published (synced, renamed)
// before its record is committed, and an item is final only then. One batch is
// under way at a time, in a thread of its own; what arrives meanwhile becomes
// the next batch. So a batch is as large as the disk is slow.
//
// Runs in  the loop's thread; Publish() and Commit() in its own.
// Errors   a failed batch stays unrecorded; `failed` is called once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "coordinator/engine/item.h"
#include "coordinator/journal/journal.h"
#include "coordinator/loop/io_pool.h"

namespace thumbmill {

class EventLoop;

struct CommitEntry {
  ItemPtr item;  // may be null: only a record
  ItemRecord record;
  std::shared_ptr<StoreItem> store;  // null: nothing to publish
};

class Committer {
 public:
  using Committed = std::function<void(std::vector<CommitEntry>)>;
  using Failed = std::function<void(Error)>;

  Committer(EventLoop* loop, Sink* sink, Journal* journal,
            std::mutex* journal_mutex, Committed committed, Failed failed);
  ~Committer();

  void Add(CommitEntry entry);
  // Starts a batch when one is due: it is full, old, or `now` is asked for.
  void Pump(bool now);

  // Added, but not yet durable.
  [[nodiscard]] std::size_t pending() const { return waiting_.size() + busy_; }
  [[nodiscard]] bool failed() const { return broken_; }

 private:
  void Start();

  EventLoop* loop_;
  Sink* sink_;
  Journal* journal_;
  std::mutex* journal_mutex_;
  Committed committed_;
  Failed failed_;
  std::vector<CommitEntry> waiting_;
  TimePoint oldest_{};
  std::size_t busy_ = 0;  // entries of the batch under way
  bool broken_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  IoPool thread_{1, "tm-commit"};
};

}  // namespace thumbmill
