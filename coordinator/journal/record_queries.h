// coordinator/journal/record_queries.h: the queries behind Records.
#pragma once

#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

#include "common/result.h"
#include "coordinator/journal/record.h"
#include "coordinator/journal/records.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

[[nodiscard]] Result<JournalCounts> CountRecords(Database* db);

// Reads records in batches. It keeps no statement open between two batches, so
// that a run can record items and SQLite can shorten its log.
class RecordWalk {
 public:
  explicit RecordWalk(const RecordFilter& filter) : filter_(filter) {}
  // Returns an empty batch at the end.
  [[nodiscard]] Result<std::vector<ItemRecord>> Next(Database* db);

 private:
  RecordFilter filter_;
  // The last record that was read: its position in the list and its row.
  std::int64_t index_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t row_ = std::numeric_limits<std::int64_t>::min();
};

// Does the work of Records::Walk(). Holds the mutex while it reads a batch, not
// while `visit` runs.
[[nodiscard]] Status WalkRecords(Database* db, std::mutex* mutex,
                                 const RecordFilter& filter,
                                 const Records::Visit& visit);

}  // namespace thumbmill
