// coordinator/engine/dispatcher.h: sends ready images to places that decode,
// when their memory is granted, and takes the answers.
//
// The dispatcher sends a TASK only after it has charged the predicted decode
// memory and the room for the thumbnails. An image that does not fit waits;
// smaller images may pass it, but not for ever. An image that can never fit
// fails, and its error text names the prediction. When a place is lost, its
// images are sent again; an image that may have caused the loss runs alone (see
// suspicion.h).
//
// Runs in  the loop's thread.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>

#include "coordinator/engine/inbox.h"
#include "coordinator/engine/suspicion.h"
#include "coordinator/exec/executor.h"
#include "worker/thumbnailer.h"

namespace thumbmill {

struct DispatcherOptions {
  const Recipe* recipe = nullptr;
  int attempts = 3;
  Millis task_timeout{30000};  // upper bound of the limits from BudgetOf()
};

class Dispatcher {
 public:
  // Made or ItemFailed is the answer to each item that was added.
  Dispatcher(Executor* executor, MemoryBudget* decode, MemoryBudget* store,
             const DispatcherOptions& options, Inbox inbox);

  // Takes an item whose bytes are in its slot.
  void Add(ItemPtr item);
  // Sends ready items while there is room in the executor and memory.
  void Pump();

  void OnFinished(Finished finished);
  void OnLost(Lost lost);

  // Drops the items that are ready but not sent. For a run that stops.
  void DropReady();
  [[nodiscard]] std::size_t ready() const {
    return ready_.size() + alone_.size();
  }
  // Ready items that the last Pump() could not grant memory.
  [[nodiscard]] std::size_t waiting() const {
    return std::min(waiting_, ready_.size());
  }
  [[nodiscard]] std::size_t leased() const { return leased_.size(); }
  // Returns null if no place has that task.
  [[nodiscard]] const Item* Leased(TaskId id) const;

 private:
  enum class Grant { kHeld, kWait, kNever };
  Grant Acquire(Item* item, std::string* why);
  void PumpAlone();
  // Returns true if the first item that must run alone has waited so long for
  // memory that nothing may pass it any more.
  [[nodiscard]] bool AloneIsDue() const;
  void ReleaseDecode(Item* item);
  void ReleaseAll(Item* item);
  void Send(const ItemPtr& item);
  void Fail(const ItemPtr& item, Reason reason, std::string message);
  void Requeue(const ItemPtr& item);
  void LargerOutput(const ItemPtr& item, std::uint64_t bytes);
  ItemPtr TakeLeased(TaskId id);

  Executor* executor_;
  MemoryBudget* decode_;
  MemoryBudget* store_;
  DispatcherOptions options_;
  Inbox inbox_;
  Suspicion suspicion_;
  std::deque<ItemPtr> ready_;
  std::deque<ItemPtr> alone_;  // ready items that each need an empty place
  bool alone_waits_ = false;   // the first of alone_ waits for memory
  std::size_t waiting_ = 0;
  std::unordered_map<TaskId, ItemPtr> leased_;
  TaskId next_task_ = 1;
};

}  // namespace thumbmill
