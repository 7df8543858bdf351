// coordinator/engine/lister.h: reads the sources ahead of the run and claims
// names.
//
// A thread of its own, since a disk, a walk or a pipe may block. It reads a
// batch, works out each item's identity and the name it claims, asks the
// journal what is known about it, and posts the verdicts to the loop. It runs
// ahead only as far as it has been asked to: a list of any length is streamed.
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
  bool end = false;  // no more will come
  Status status;     // the journal failed
  // A list could not be read to its end; with `end`. It was logged.
  std::optional<Error> unread;
  std::optional<double> progress;  // of the source, after this batch
};

struct ListerOptions {
  const NameTemplate* name = nullptr;
  ImageFormat wanted = ImageFormat::kUnknown;
  std::uint64_t all_sizes = 0;  // mask
  OutputLook* look = nullptr;   // null: the journal is trusted
};

// Looks whether the outputs of a verdict are there. What is not is missing, and
// the item is kPartly.
void LookAtOutputs(OutputLook* look, ClaimVerdict* verdict);

class Lister {
 public:
  Lister(EventLoop* loop, std::unique_ptr<Source> source, Journal* journal,
         std::mutex* journal_mutex, const ListerOptions& options,
         std::function<void(ListedBatch)> batch);
  // Joins; a source that blocks must have been cancelled before.
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
  std::mutex* journal_mutex_;
  ListerOptions options_;
  std::function<void(ListedBatch)> batch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::mutex mutex_;
  std::condition_variable asked_;
  std::size_t credit_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace thumbmill
