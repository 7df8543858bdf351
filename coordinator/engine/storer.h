// coordinator/engine/storer.h: names an item's thumbnails and sends them to
// the target, with retries.
//
// Runs in  the loop's thread; hashes of outputs and second claims of names in
//          the pool.
// Memory   the storer frees the bytes and releases the item's store grant as
//          soon as the target has the bytes.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/seed.h"
#include "common/shm/budget.h"
#include "coordinator/engine/item.h"
#include "coordinator/journal/journal.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/net/retry_policy.h"
#include "coordinator/sink/sink.h"
#include "coordinator/source/name_template.h"

namespace thumbmill {

class EventLoop;
class IoPool;

struct StorerOptions {
  const Recipe* recipe = nullptr;
  const NameTemplate* name = nullptr;
  RetryPolicy retry;
};

struct StorerParts {
  EventLoop* loop = nullptr;
  IoPool* pool = nullptr;
  Sink* sink = nullptr;
  Journal* journal = nullptr;
  MemoryBudget* store = nullptr;
};

class Storer {
 public:
  struct Events {
    // Called when the files are at the target, not yet visible there, and the
    // item can be committed.
    std::function<void(ItemPtr, std::vector<OutputRecord>)> stored;
    std::function<void(ItemPtr, Reason, std::string message)> failed;
    std::function<void()> retried;
    // Called when the target cannot be used, so that the run must end.
    std::function<void(std::string message)> fatal;
  };

  Storer(const StorerParts& parts, const StorerOptions& options, Events events);

  void Add(ItemPtr item, std::vector<std::vector<std::uint8_t>> outputs);
  // Gives up the items that wait for another try, and retries no item from now
  // on. For a run that drains.
  void StopRetrying();

  [[nodiscard]] std::size_t active() const { return active_; }
  // Items that the target has received and not answered, with the time of their
  // Put().
  [[nodiscard]] const std::unordered_map<ItemPtr, TimePoint>& under_way()
      const {
    return under_way_;
  }

 private:
  struct Naming {
    std::vector<OutputRecord> records;
    std::string clash;  // the name that two sizes get, or empty
    bool second_claim = false;
  };
  Naming NameOutputs(const Item& item,
                     const std::vector<std::vector<std::uint8_t>>& outputs);
  std::vector<std::string> NamesToClaim(
      Item* item, const std::vector<OutputRecord>& records) const;
  void HashAndClaim(ItemPtr item, std::vector<OutputRecord> records,
                    std::vector<std::string> names);
  void OnClaimed(const ItemPtr& item, std::vector<OutputRecord> records,
                 Result<std::optional<TakenName>> taken);
  void Put(const ItemPtr& item, std::vector<OutputRecord> records);
  void OnPut(const ItemPtr& item, std::vector<OutputRecord> records,
             StoreResult result);
  void TryLater(const ItemPtr& item, std::vector<OutputRecord> records,
                StoreResult result);
  void Fail(const ItemPtr& item, Reason reason, std::string message);
  void LetGo(Item* item);

  StorerParts parts_;
  StorerOptions options_;
  Events events_;
  std::size_t active_ = 0;
  std::unordered_map<ItemPtr, TimePoint> under_way_;
  std::size_t waiting_ = 0;  // items that wait for another try
  bool stopped_ = false;
  std::mt19937_64 random_{FreshSeed()};
  CallbackGuard guard_;
};

}  // namespace thumbmill
