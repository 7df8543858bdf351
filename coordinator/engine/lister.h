// coordinator/engine/lister.h: reads the sources ahead of the run and claims
// names.
//
// The lister has a thread of its own, because a disk, a walk or a pipe may
// block. The thread reads a batch, computes each item's identity and the name
// it claims, asks the journal for the earlier record, and posts the verdicts to
// the loop. It stops at the end of the batch in which it reaches the requested
// number of items, so that a list of any length is streamed.
//
// Threads  called in the loop's thread; Listed events arrive there.
// Errors   a list that cannot be read to its end is in the last Listed event.
//          RunFailed comes if the journal or the thread fails.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "coordinator/engine/inbox.h"
#include "coordinator/journal/journal.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/source/name_template.h"
#include "coordinator/source/source.h"
#include "coordinator/stats/forecast.h"

namespace thumbmill {

class EventLoop;
class OutputLook;

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
         const ListerOptions& options, Inbox inbox);
  // Joins the thread. Cancel a source that blocks before.
  ~Lister();

  // Lets the thread read on if few of the items that it read still wait.
  void ReadAhead(std::size_t waiting);
  void Stop();

  // How far the sources have been read.
  [[nodiscard]] const ListState& state() const { return state_; }

 private:
  struct Batch {
    Listed listed;
    ListState state;  // after this batch
    Status status;    // an error if the journal or the thread failed
  };
  void Run();
  bool Stopping();
  bool WaitForCredit();
  Batch ReadBatch();
  void Claim(Batch* batch);
  void Answer(Batch batch);
  void Look(Listed* listed);
  void OnBatch(Batch batch);

  EventLoop* loop_;
  std::unique_ptr<Source> source_;
  Journal* journal_;
  ListerOptions options_;
  Inbox inbox_;
  std::size_t requested_ = 0;  // items that were requested and are not here
  ListState state_;
  CallbackGuard guard_;

  std::mutex mutex_;
  std::condition_variable asked_;
  std::size_t credit_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace thumbmill
