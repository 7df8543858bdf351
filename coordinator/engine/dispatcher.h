// coordinator/engine/dispatcher.h: sends ready images to places that decode,
// when their memory is granted, and takes the answers.
//
// A TASK leaves only when its predicted decode memory and room for its
// thumbnails are held. What does not fit waits; smaller ones may pass it, but
// not for ever. What can never fit is refused with the prediction.
// What was in a place that is lost is sent again: alone, where it may have been
// the cause; see suspicion.h.
//
// Runs in  the loop's thread.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

#include "coordinator/engine/item.h"
#include "coordinator/engine/suspicion.h"
#include "coordinator/exec/executor.h"
#include "worker/thumbnailer.h"

namespace thumbmill {

struct DispatcherOptions {
  const Recipe* recipe = nullptr;
  int attempts = 3;
  Millis task_timeout{30000};  // bound of what BudgetOf() grants
};

class Dispatcher {
 public:
  struct Events {
    // Made: item->outcome is set, the slot is given back, the store grant
    // stands for the bytes in `outputs`.
    std::function<void(ItemPtr, std::vector<std::vector<std::uint8_t>>)> made;
    // Final: no attempt is left, or the image itself is at fault.
    std::function<void(ItemPtr, Reason, std::string message)> failed;
  };

  Dispatcher(Executor* executor, MemoryBudget* decode, MemoryBudget* store,
             const DispatcherOptions& options, Events events);

  // Takes an item whose bytes are in its slot.
  void Add(ItemPtr item);
  // Sends what there is room and memory for.
  void Pump();

  void OnFinished(Finished finished);
  void OnLost(Lost lost);

  // Ready, not sent. For a run that stops: gives them back.
  [[nodiscard]] std::vector<ItemPtr> DropReady();
  [[nodiscard]] std::size_t ready() const {
    return ready_.size() + alone_.size();
  }
  // Of those that are ready: have waited for memory when Pump() last looked.
  [[nodiscard]] std::size_t waiting() const {
    return std::min(waiting_, ready_.size());
  }
  [[nodiscard]] std::size_t leased() const { return leased_.size(); }
  // Null: no place has that task.
  [[nodiscard]] const Item* Leased(TaskId id) const;

 private:
  enum class Grant { kHeld, kWait, kNever };
  struct Need {
    std::uint64_t decode = 0, store = 0;
  };
  Need NeedOf(const Item& item) const;
  Grant Acquire(Item* item, std::string* why);
  void PumpAlone();
  // One that is to run alone has waited for memory for long enough.
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
  Events events_;
  Suspicion suspicion_;
  std::deque<ItemPtr> ready_;
  std::deque<ItemPtr> alone_;  // ready, each for a place of its own
  bool alone_waits_ = false;   // the first of them, for memory
  std::size_t waiting_ = 0;
  std::unordered_map<TaskId, ItemPtr> leased_;
  TaskId next_task_ = 1;
};

}  // namespace thumbmill
