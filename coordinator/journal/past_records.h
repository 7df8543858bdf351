// coordinator/journal/past_records.h: finds the records of earlier runs.
//
// A rerun mostly lists items in the order of their rows, so one query reads
// many rows ahead, and most items need no query of their own.
//
// Runs in  the thread that calls its journal, under the journal's mutex.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/hash.h"
#include "common/result.h"
#include "coordinator/journal/claims.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

// The fields of a record that a verdict needs.
struct PastRecord {
  std::int64_t row = 0;
  std::string status, reason, stamp, outputs, bounds;
  bool owns_claim = false;  // the item is done, under `claim`
  Key128 claim{};
};

class PastRecords {
 public:
  // Makes the indexes if there are records. `db` must outlive this object.
  [[nodiscard]] Status Open(Database* db);

  // Approximate number of records when the journal was opened. If it is 0,
  // nothing is looked up.
  [[nodiscard]] std::uint64_t count() const { return count_; }

  // Reads the next `items` rows after the last row that Find() returned.
  [[nodiscard]] Status ReadAhead(std::size_t items);
  // Returns nothing if the item has no record.
  [[nodiscard]] Result<std::optional<PastRecord>> Find(const Key128& key);
  // Does the same without an effect on ReadAhead().
  [[nodiscard]] Result<std::optional<PastRecord>> LookUp(const Key128& key);
  // Returns true if a row that was read ahead says that the item owns the name.
  [[nodiscard]] bool OwnsClaim(const Key128& key, const Key128& name) const;

  // These two return the source of the finished item, other than `key`, that
  // owns the name as its claim, or as a name that it claimed late. They return
  // an empty text if there is none.
  [[nodiscard]] Result<std::string> OwnerOfClaim(const Key128& name,
                                                 const Key128& key);
  [[nodiscard]] Result<std::string> OwnerOfLateName(const Key128& name,
                                                    const Key128& key);
  // Returns an empty text if the item has no record.
  [[nodiscard]] Result<std::string> SourceOf(const Key128& key);

 private:
  [[nodiscard]] Status Count(Database* db);
  [[nodiscard]] Result<std::string> Owner(Statement* query, const Key128& name,
                                          const Key128& key);

  Statement by_key_, by_row_, source_, claim_owner_, name_owner_;
  std::uint64_t count_ = 0;
  std::unordered_map<Key128, PastRecord, KeyHash> ahead_;  // for one batch
  std::int64_t last_row_ = 0;  // the last row that Find() returned
  int in_vain_ = 0;            // batches in a row that found nothing in ahead_
};

}  // namespace thumbmill
