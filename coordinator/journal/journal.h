// coordinator/journal/journal.h: what is finished, across restarts. SQLite
// inside.
//
// Owns     <state>/journal.sqlite (WAL, synchronous=FULL) and an exclusive
//          lock on the state; plus a throw-away database in the state folder
//          for the names claimed in this run, so that memory is bounded.
// Runs in  the coordinator. After Open(), Claim/Commit/Rebind come from one
//          thread at a time (the journal's own), counts from the loop's.
// Errors   kIo/kNoSpace when the disk fails, kUsage when the recipe differs
//          or another coordinator holds the state (the text names it).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/hash.h"
#include "common/result.h"
#include "proto/reason.h"

namespace thumbmill {

// One output of a finished item.
struct OutputRecord {
  std::string size;  // SizeSpec::text
  std::string name;  // relative to the target
  std::uint32_t width = 0, height = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  // hex
};

// The final record of an item.
struct ItemRecord {
  std::uint64_t index = 0;
  std::string source_key;  // as claimed: the identity it is filed under
  std::string uri;         // verbatim
  std::string claim;       // the name it claims, sizes left open
  std::string stamp;       // of a local file, else empty
  ItemStatus status = ItemStatus::kFailed;
  Reason reason = Reason::kNone;
  std::string message;
  std::vector<std::string> warnings;
  std::uint32_t attempts = 0;
  int signal = 0;
  std::string phase;
  std::uint32_t width = 0, height = 0;  // upright source
  std::uint64_t bytes_in = 0;
  std::string sha256;  // of the input, hex
  std::vector<OutputRecord> outputs;
  // What names need, so that a retry writes the same ones.
  std::string host, dir, stem, srcext;
};

struct ClaimRequest {
  std::string source_key;  // CanonicalUrl() or the path: the item's identity
  std::string claim;       // empty: needs no name (a line that is no URL)
  std::string stamp;
  // The claim holds the item's position, so that the same source twice claims
  // two names: duplicates are told by the source itself.
  bool claim_varies = false;
};

struct ClaimVerdict {
  enum class Kind {
    kFresh,         // make it
    kAgain,         // failed or changed before: make it again
    kPartly,        // done before, some sizes are missing: see `missing`
    kDone,          // done before: nothing to do
    kFailedBefore,  // permanent failure before, not tried again
    kSkippedBefore,
    kDuplicate,  // the same source was named before in this run
    kCollision,  // another source owns this name: `owner`
  };
  Kind kind = Kind::kFresh;
  std::uint64_t missing_mask = ~std::uint64_t{0};  // sizes to make
  std::string owner;              // kCollision: the other source, verbatim
  Reason reason = Reason::kNone;  // kFailedBefore, kSkippedBefore
  // kDone, kPartly: what was made of the sizes that are wanted, so that the
  // caller can look whether it is still there. Only if asked for.
  struct Output {
    std::uint64_t size = 0;  // mask of one size
    std::string name;
    std::uint64_t bytes = 0;
  };
  std::vector<Output> made = {};
  bool damaged = false;  // some of it was not there: the caller found out
};

struct JournalOptions {
  std::string state_dir;  // for errors; opened if `state` is not
  int state = -1;         // a private folder, or -1
  // Queries fail with kCancelled soon after it has become true; may be null.
  const std::atomic<bool>* stop = nullptr;
  std::string recipe;              // canonical JSON, without the sizes
  std::vector<std::string> sizes;  // SizeSpec::text, by bit
  bool retry_failed = false;
  bool revalidate = false;  // URLs are made again
  bool overwrite = false;   // forget what was done; recipe may differ
  bool tell_made = false;   // ClaimVerdict::made is wanted
  // Bounds of cost (memory, scans, output pixels): what was too_costly is
  // tried again when one of them has become larger.
  std::array<std::uint64_t, 3> cost_bounds{};
};

struct JournalCounts {
  std::uint64_t done = 0, skipped = 0, failed = 0;
  std::map<std::string, std::uint64_t> skipped_by_reason, failed_by_reason;
};

class Journal {
 public:
  virtual ~Journal() = default;
  // In list order; one transaction; not durable (a run claims anew).
  [[nodiscard]] virtual Result<std::vector<ClaimVerdict>> Claim(
      std::span<const ClaimRequest> batch) = 0;
  // Claims a name that became known only from the bytes; empty: it is ours,
  // else the owner's source.
  [[nodiscard]] virtual Result<std::string> ClaimName(
      const std::string& name, const std::string& source_key) = 0;
  // Durable when it returns. An item is committed once in a run; its record
  // replaces that of an earlier run, but the outputs of sizes that were made
  // before are kept when the item is kPartly.
  [[nodiscard]] virtual Status Commit(std::span<const ItemRecord> batch) = 0;
  // Of every item ever recorded in this state.
  [[nodiscard]] virtual Result<JournalCounts> Counts() = 0;
  // Items that this state knew before the run, give or take some that were
  // recorded more than once.
  [[nodiscard]] virtual std::uint64_t recorded_before() const { return 0; }
  [[nodiscard]] virtual Status ForEachFailed(
      const std::function<void(const ItemRecord&)>& visit) = 0;
};

[[nodiscard]] Result<std::unique_ptr<Journal>> OpenJournal(
    const JournalOptions& options);

// Remembers claims of this run only, and nothing after it: `null:` targets.
[[nodiscard]] Result<std::unique_ptr<Journal>> MemoryJournal();

}  // namespace thumbmill
