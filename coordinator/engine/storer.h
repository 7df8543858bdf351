// coordinator/engine/storer.h: names an item's thumbnails and brings them to
// the target, with retries.
//
// Runs in  the loop's thread; second claims of names in the pool.
// Memory   the bytes are let go as soon as the target has them; the item's
//          store grant is released by then.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/seed.h"
#include "common/shm/budget.h"
#include "coordinator/engine/item.h"
#include "coordinator/journal/journal.h"
#include "coordinator/net/retry_policy.h"
#include "coordinator/sink/sink.h"
#include "coordinator/source/naming.h"

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
  std::mutex* journal_mutex = nullptr;
  MemoryBudget* store = nullptr;
};

class Storer {
 public:
  struct Events {
    // At the target, not yet visible there: ready to be committed.
    std::function<void(ItemPtr, std::vector<OutputRecord>)> stored;
    std::function<void(ItemPtr, Reason, std::string message)> failed;
    std::function<void()> retried;
    // The target cannot be used: the run ends.
    std::function<void(std::string message)> fatal;
  };

  Storer(const StorerParts& parts, const StorerOptions& options, Events events);
  ~Storer();

  void Add(ItemPtr item, std::vector<std::vector<std::uint8_t>> outputs);
  // Gives up those that wait for another try, and tries no more: for a run
  // that drains. Returns how many were given up.
  std::size_t StopRetrying();

  [[nodiscard]] std::size_t active() const { return active_; }
  // What the target has been given and has not answered, with the time.
  [[nodiscard]] const std::unordered_map<ItemPtr, TimePoint>& under_way()
      const {
    return under_way_;
  }

 private:
  struct Naming {
    std::vector<OutputRecord> records;
    std::string clash;  // not empty: two sizes get this name
    bool second_claim = false;
  };
  Naming NameOutputs(const Item& item,
                     const std::vector<std::vector<std::uint8_t>>& outputs);
  std::vector<std::string> NamesToClaim(
      Item* item, const std::vector<OutputRecord>& records) const;
  void ClaimAgain(ItemPtr item, std::vector<OutputRecord> records);
  void Put(const ItemPtr& item, std::vector<OutputRecord> records);
  void OnPut(const ItemPtr& item, std::vector<OutputRecord> records,
             StoreResult result);
  void Fail(const ItemPtr& item, Reason reason, std::string message);
  void LetGo(Item* item);

  StorerParts parts_;
  StorerOptions options_;
  Events events_;
  std::size_t active_ = 0;
  std::unordered_map<ItemPtr, TimePoint> under_way_;
  std::size_t waiting_ = 0;  // for another try
  bool stopped_ = false;
  std::mt19937_64 random_{FreshSeed()};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace thumbmill
