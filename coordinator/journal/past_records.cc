#include "coordinator/journal/past_records.h"

#include <algorithm>
#include <utility>

#include "coordinator/journal/schema.h"

namespace thumbmill {
namespace {

// The columns that PastRecordOf() reads.
constexpr const char* kSelect =
    "SELECT status, reason, stamp, outputs, bounds, rowid, claim_key, key"
    " FROM items ";
constexpr int kKeyColumn = 7;

// A foreign journal may contain a blob of any size.
std::optional<Key128> KeyOf(ByteSpan blob) {
  Key128 key{};
  if (blob.size() != key.size()) return std::nullopt;
  std::copy(blob.begin(), blob.end(), key.begin());
  return key;
}

PastRecord PastRecordOf(const Statement& row) {
  PastRecord record;
  record.status = row.Text(0);
  record.reason = row.Text(1);
  record.stamp = row.Text(2);
  record.outputs = row.Text(3);
  record.bounds = row.Text(4);
  record.row = row.Integer(5);
  if (const std::optional<Key128> claim = KeyOf(row.Blob(6))) {
    record.claim = *claim;
    record.owns_claim = record.status == "done";
  }
  return record;
}

}  // namespace

Status PastRecords::Open(Database* db) {
  RETURN_IF_ERROR(Count(db));
  if (count_ > 0) RETURN_IF_ERROR(db->Execute(kJournalIndexes));
  const std::string select = kSelect;
  ASSIGN_OR_RETURN(by_key_, db->Prepare((select + "WHERE key = ?").c_str()));
  ASSIGN_OR_RETURN(
      by_row_,
      db->Prepare((select + "WHERE rowid > ? ORDER BY rowid LIMIT ?").c_str()));
  ASSIGN_OR_RETURN(source_, db->Prepare("SELECT uri FROM items WHERE key = ?"));
  ASSIGN_OR_RETURN(claim_owner_,
                   db->Prepare("SELECT uri FROM items WHERE claim_key = ?"
                               " AND status = 'done' AND key <> ? LIMIT 1"));
  ASSIGN_OR_RETURN(
      name_owner_,
      db->Prepare("SELECT items.uri FROM names JOIN items USING(key)"
                  " WHERE names.name = ? AND items.status = 'done'"
                  " AND items.key <> ?"));
  return {};
}

// The largest rowid stands for the number of rows: count(*) would read the
// whole table.
Status PastRecords::Count(Database* db) {
  ASSIGN_OR_RETURN(Statement last, db->Prepare("SELECT max(rowid) FROM items"));
  ASSIGN_OR_RETURN(const bool said, last.Step());
  // Rows of ours count from 1; a foreign journal may contain negative ones.
  if (said)
    count_ =
        static_cast<std::uint64_t>(std::max<std::int64_t>(last.Integer(0), 0));
  return {};
}

// Stops to read ahead after some batches in vain: the list then has another
// order than the rows, and each read is lost work.
Status PastRecords::ReadAhead(std::size_t items) {
  constexpr int kMostInVain = 16;
  constexpr std::size_t kMostBytes = 4 << 20;
  ahead_.clear();
  if (count_ == 0 || in_vain_ >= kMostInVain) return {};
  ++in_vain_;  // Find() sets it back when it finds an item in ahead_
  by_row_.Bind(1, last_row_).Bind(2, static_cast<std::int64_t>(items));
  std::size_t bytes = 0;
  while (bytes < kMostBytes) {
    ASSIGN_OR_RETURN(const bool row, by_row_.Step());
    if (!row) break;
    PastRecord record = PastRecordOf(by_row_);
    bytes += record.outputs.size() + record.stamp.size();
    if (const std::optional<Key128> key = KeyOf(by_row_.Blob(kKeyColumn)))
      ahead_.emplace(*key, std::move(record));
  }
  by_row_.Reset();
  return {};
}

Result<std::optional<PastRecord>> PastRecords::Find(const Key128& key) {
  if (const auto known = ahead_.find(key); known != ahead_.end()) {
    in_vain_ = 0;
    last_row_ = std::max(last_row_, known->second.row);
    return known->second;
  }
  ASSIGN_OR_RETURN(std::optional<PastRecord> record, LookUp(key));
  if (record) last_row_ = record->row;
  return record;
}

Result<std::optional<PastRecord>> PastRecords::LookUp(const Key128& key) {
  if (count_ == 0) return std::nullopt;
  ASSIGN_OR_RETURN(const bool found, by_key_.Bind(1, ByteSpan(key)).Step());
  std::optional<PastRecord> record;
  if (found) record = PastRecordOf(by_key_);
  by_key_.Reset();
  return record;
}

bool PastRecords::OwnsClaim(const Key128& key, const Key128& name) const {
  const auto known = ahead_.find(key);
  return known != ahead_.end() && known->second.owns_claim &&
         known->second.claim == name;
}

Result<std::string> PastRecords::Owner(Statement* query, const Key128& name,
                                       const Key128& key) {
  if (count_ == 0) return std::string();
  ASSIGN_OR_RETURN(
      const bool found,
      query->Bind(1, ByteSpan(name)).Bind(2, ByteSpan(key)).Step());
  std::string uri = found ? query->Text(0) : std::string();
  query->Reset();
  return uri;
}

Result<std::string> PastRecords::OwnerOfClaim(const Key128& name,
                                              const Key128& key) {
  return Owner(&claim_owner_, name, key);
}

Result<std::string> PastRecords::OwnerOfLateName(const Key128& name,
                                                 const Key128& key) {
  return Owner(&name_owner_, name, key);
}

Result<std::string> PastRecords::SourceOf(const Key128& key) {
  if (count_ == 0) return std::string();
  ASSIGN_OR_RETURN(const bool found, source_.Bind(1, ByteSpan(key)).Step());
  std::string uri = found ? source_.Text(0) : std::string();
  source_.Reset();
  return uri;
}

}  // namespace thumbmill
