// coordinator/engine/item.h: one image on its walk, and the moves that are
// legal.
//
//   listed -> fetching -> ready -> leased -> made -> storing -> stored -> final
//               |  ^        ^         |
//               v  |        +---------+   place lost, attempts left
//             listed (another try)
//
// Any state but `final` may also go to `final`: a failure, a skip.
// Owned by the engine; used in the loop's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/shm/arena.h"
#include "coordinator/engine/time_budget.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/sink.h"
#include "coordinator/source/source.h"
#include "proto/reason.h"
#include "proto/task.h"
#include "worker/thumbnailer.h"

namespace thumbmill {

enum class ItemState : std::uint8_t {
  kListed,
  kFetching,
  kReady,
  kLeased,
  kMade,
  kStoring,
  kStored,
  kFinal,
};

[[nodiscard]] const char* ToWord(ItemState state);
[[nodiscard]] bool IsLegalMove(ItemState from, ItemState to);

struct Item {
  explicit Item(ImageRef source);

  ImageRef ref;
  std::string authority;        // of a URL: "host" or "host:port"
  std::string source_key;       // its identity: canonical URL or path
  std::string claim;            // the name it holds
  std::uint64_t size_mask = 0;  // sizes to make

  // The bytes, from the first fetched one until the last attempt is over.
  SlotLease slot;
  std::uint64_t length = 0;
  std::string sha256;  // hex; only computed for items that fail with bytes
  CostEstimate cost;   // from the header, once the bytes are there
  TimeBudget time;     // so too

  // What is granted to it while a place works on it or its outputs wait.
  std::uint64_t decode_grant = 0;
  std::uint64_t store_grant = 0;
  std::uint64_t output_capacity = 0;  // 0: as estimated from the header
  std::uint32_t bypassed = 0;         // smaller ones that were sent before it

  int fetch_tries = 0;
  int slow_tries = 0;      // of those, the ones that were too slow
  int attempts = 0;        // places it may have cost
  int losses = 0;          // places lost while it only waited there
  bool alone = false;      // leased to a place of its own: see suspicion.h
  int kills = 0;           // such places lost by a hand from outside
  int kills_in_a_row = 0;  // of these, while no other place was
  std::uint64_t kills_seen = 0;  // Suspicion's count at the last of them
  int regrants = 0;              // leased again with a larger output
  int put_tries = 0;
  int signal = 0;
  std::string phase;

  Outcome outcome;
  std::shared_ptr<StoreItem> store;
  TransferTimes fetch_times;
  TimePoint ready_at{}, made_at{};

  [[nodiscard]] ItemState state() const { return state_; }
  // A move that is not legal is a bug: CHECK.
  void Move(ItemState to);

 private:
  ItemState state_ = ItemState::kListed;
};

using ItemPtr = std::shared_ptr<Item>;

}  // namespace thumbmill
