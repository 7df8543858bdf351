#include "coordinator/journal/record_queries.h"

#include <string>

#include "coordinator/journal/record_columns.h"

namespace thumbmill {
namespace {

// Bounds of a batch. Records of ours are small, but a foreign journal may
// contain texts of megabytes.
constexpr std::size_t kMostRecords = 256;
constexpr std::size_t kMostBytes = 4 << 20;

std::size_t TextBytes(const ItemRecord& record) {
  std::size_t bytes = record.uri.size() + record.claim.size() +
                      record.message.size() + record.stamp.size();
  for (const std::string& warning : record.warnings) bytes += warning.size();
  for (const OutputRecord& output : record.outputs)
    bytes += sizeof output + output.name.size();
  return bytes;
}

bool IsFailedOnly(const RecordFilter& filter) {
  return filter.failed && !filter.done && !filter.skipped;
}

std::string WordsOf(const RecordFilter& filter) {
  std::string words = "''";
  if (filter.done) words += ",'done'";
  if (filter.skipped) words += ",'skipped'";
  if (filter.failed) words += ",'failed'";
  return words;
}

// Only failed records have an index by position. Other walks follow the rows,
// since a sort of millions would need memory or a temporary file.
std::string QueryOf(const RecordFilter& filter) {
  const std::string select = kSelectRecords;
  if (IsFailedOnly(filter))
    // A position of ours is an integer. Others could keep a walk from
    // advancing.
    return select +
           " WHERE status = 'failed' AND idx >= ?1"
           " AND (idx > ?1 OR rowid > ?2) AND typeof(idx) = 'integer'"
           " ORDER BY idx, rowid";
  return select + " WHERE rowid > ?2 AND status IN (" + WordsOf(filter) +
         ") ORDER BY rowid";
}

void Add(const std::string& status, const std::string& reason,
         JournalCounts* counts) {
  if (status == "done") ++counts->done;
  if (status == "skipped") {
    ++counts->skipped;
    ++counts->skipped_by_reason[reason];
  }
  if (status == "failed") {
    ++counts->failed;
    ++counts->failed_by_reason[reason];
  }
}

}  // namespace

// Counts here and not with GROUP BY, for which SQLite sorts all rows and may
// write a temporary file.
Result<JournalCounts> CountRecords(Database* db) {
  ASSIGN_OR_RETURN(Statement rows,
                   db->Prepare("SELECT status, reason FROM items"));
  JournalCounts counts;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return counts;
    Add(rows.Text(0), rows.Text(1), &counts);
  }
}

Result<std::vector<ItemRecord>> RecordWalk::Next(Database* db) {
  ASSIGN_OR_RETURN(Statement rows, db->Prepare(QueryOf(filter_).c_str()));
  rows.Bind(1, index_).Bind(2, row_);
  std::vector<ItemRecord> batch;
  std::size_t bytes = 0;
  while (batch.size() < kMostRecords && bytes < kMostBytes) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    batch.push_back(ReadRecord(rows));
    bytes += TextBytes(batch.back());
    index_ = IndexOf(rows);
    row_ = RowOf(rows);
  }
  return batch;
}

Status WalkRecords(Database* db, std::mutex* mutex, const RecordFilter& filter,
                   const Records::Visit& visit) {
  RecordWalk walk(filter);
  while (true) {
    std::vector<ItemRecord> batch;
    {
      const std::lock_guard lock(*mutex);
      ASSIGN_OR_RETURN(batch, walk.Next(db));
    }
    if (batch.empty()) return {};
    RETURN_IF_ERROR(visit(batch));
  }
}

}  // namespace thumbmill
