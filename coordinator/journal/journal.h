// coordinator/journal/journal.h: the records of finished items, kept across
// restarts in SQLite.
//
// Owns     <state>/journal.sqlite (WAL, synchronous=FULL) and an exclusive
//          lock on the state. Also a throw-away database in the state folder
//          for the names claimed in this run, so that memory is bounded.
// Runs in  the coordinator. Threads: any; each call holds the journal's own
//          mutex, so one call may wait for another one.
// Errors   kIo/kNoSpace if the disk fails, kUsage if the recipe differs or if
//          another coordinator holds the state (the text names it).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "coordinator/journal/record.h"
#include "coordinator/journal/records.h"
#include "proto/reason.h"

namespace thumbmill {

struct ClaimRequest {
  std::string source_key;  // the item's identity: CanonicalUrl() or the path
  std::string claim;       // empty if it needs no name (a line that is no URL)
  std::string stamp;
  // True if the claim contains the item's position. The same source then claims
  // two names when it is listed twice, so the journal finds duplicates by
  // `source_key` instead.
  bool claim_varies = false;
};

struct ClaimVerdict {
  enum class Kind {
    kFresh,         // no record: make it
    kAgain,         // it failed before or has changed: make it again
    kPartly,        // done before, but without the sizes of `missing_mask`
    kDone,          // done before: nothing to do
    kFailedBefore,  // it failed for good before and is not tried again
    kSkippedBefore,
    kDuplicate,  // this run has listed the same source before
    kCollision,  // another source (`owner`) owns this name
  };
  Kind kind = Kind::kFresh;
  std::uint64_t missing_mask = ~std::uint64_t{0};  // sizes to make
  std::string owner;              // the other source, for kCollision
  Reason reason = Reason::kNone;  // for kFailedBefore and kSkippedBefore
  // Recorded outputs of the wanted sizes, for kDone and kPartly, so that the
  // caller can check that they still exist. Only with `tell_made`.
  struct Output {
    std::uint64_t size = 0;  // mask of one size
    std::string name;
    std::uint64_t bytes = 0;
  };
  std::vector<Output> made = {};
  bool damaged = false;  // set by the caller if outputs of `made` are absent
};

struct JournalOptions {
  std::string state_dir;  // for error texts; opened if `state` is -1
  int state = -1;         // descriptor of a private folder, or -1
  // Queries fail with kCancelled soon after it has become true. May be null.
  const std::atomic<bool>* stop = nullptr;
  std::string recipe;              // canonical JSON, without the sizes
  std::vector<std::string> sizes;  // SizeSpec::text, by bit
  bool retry_failed = false;
  bool revalidate = false;  // make URLs again
  bool overwrite = false;   // forget all records; the recipe may differ
  bool tell_made = false;   // fill ClaimVerdict::made
  // Bounds of cost (memory, scans, output pixels). An item that was too_costly
  // is tried again if one of them has become larger.
  CostBounds cost_bounds{};
};

// A name that another item owns.
struct TakenName {
  std::string name;
  std::string owner;  // the owner's source
};

class Journal : public Records {
 public:
  // Claims the names of a batch in one transaction, and returns a verdict per
  // request in the same order. Claims are not durable: each run claims anew.
  [[nodiscard]] virtual Result<std::vector<ClaimVerdict>> Claim(
      std::span<const ClaimRequest> batch) = 0;
  // Claims names that became known only from the image's bytes. Returns nothing
  // if `source_key` owns all of them now, else the first one that is taken. No
  // other item can claim one of them meanwhile: of two items that want the same
  // two names, one gets both.
  [[nodiscard]] virtual Result<std::optional<TakenName>> ClaimNames(
      std::span<const std::string> names, const std::string& source_key) = 0;
  // Records the items; the records are durable when it returns. A run commits
  // an item once. The record replaces the one of an earlier run, but for a
  // kPartly item the outputs that were made before stay recorded.
  [[nodiscard]] virtual Status Commit(std::span<const ItemRecord> batch) = 0;
  // Returns the approximate number of items recorded before the run: an item
  // that was recorded more than once may count more than once.
  [[nodiscard]] virtual std::uint64_t recorded_before() const { return 0; }
};

[[nodiscard]] Result<std::unique_ptr<Journal>> OpenJournal(
    const JournalOptions& options);

// Returns a journal that only remembers the claims of this run. For `null:`
// targets.
[[nodiscard]] Result<std::unique_ptr<Journal>> MemoryJournal();

}  // namespace thumbmill
