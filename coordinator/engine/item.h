// coordinator/engine/item.h: one image on its walk, and the legal moves
// between its states.
//
//   listed -> fetching -> ready -> leased -> made -> storing -> stored -> final
//               |  ^        ^         |
//               v  |        +---------+   place lost, attempts left
//             listed (another try)
//
// A failed try to store moves `storing` back to `made`. Every state except
// `final` may move to `final`, after a failure or a skip.
// The engine owns items; only the loop's thread uses them.
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

[[nodiscard]] const char* ToString(ItemState state);
[[nodiscard]] bool IsLegalMove(ItemState from, ItemState to);

struct Item {
  explicit Item(ImageRef source);

  ImageRef ref;
  std::string authority;        // "host" or "host:port" of a URL
  std::string source_key;       // identity: canonical URL or path
  std::string claim;            // claimed name, without the size
  std::uint64_t size_mask = 0;  // sizes to make

  // The input's bytes, from the first fetched byte to the end of the last
  // attempt.
  SlotLease slot;
  std::uint64_t length = 0;
  std::string sha256;  // hex; only set if the item fails and has bytes
  CostEstimate cost;   // from the header, after the fetch
  TimeBudget time;     // from the header, after the fetch

  // Bytes granted for the decode while a place works on the item, and for the
  // outputs until the target has them.
  std::uint64_t decode_grant = 0;
  std::uint64_t store_grant = 0;
  std::uint64_t output_capacity = 0;  // bytes; 0 takes the header's estimate
  std::uint32_t bypassed = 0;         // items that passed it in the queue

  int fetch_tries = 0;
  int slow_tries = 0;      // fetch tries that were too slow
  int attempts = 0;        // lost places that it may have caused
  int losses = 0;          // places lost while it only waited there
  bool alone = false;      // needs a place of its own (see suspicion.h)
  int kills = 0;           // lost while alone, seemingly killed from outside
  int kills_in_a_row = 0;  // kills without the kill of another item's place
  std::uint64_t kills_seen = 0;  // Suspicion::kills_ at its last kill
  int regrants = 0;              // leases again, with a larger output range
  int put_tries = 0;
  int signal = 0;
  std::string phase;

  Outcome outcome;
  std::shared_ptr<StoreItem> store;
  TransferTimes fetch_times;
  TimePoint ready_at{}, made_at{};

  [[nodiscard]] ItemState state() const { return state_; }
  // CHECKs that the move is legal: another move is a bug.
  void Move(ItemState to);

 private:
  ItemState state_ = ItemState::kListed;
};

using ItemPtr = std::shared_ptr<Item>;

// Returns the path or the redacted URL of an item, for people.
[[nodiscard]] std::string NameOf(const Item& item);

}  // namespace thumbmill
