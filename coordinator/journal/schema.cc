#include "coordinator/journal/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace thumbmill {

const char* const kJournalTables =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);"
    // record_columns.cc numbers the columns of this table.
    "CREATE TABLE items("
    "key BLOB, idx INTEGER, uri TEXT, claim TEXT, claim_key BLOB,"
    "stamp TEXT, status TEXT, reason TEXT, message TEXT, warnings TEXT,"
    "attempts INTEGER, signal INTEGER, phase TEXT, width INTEGER,"
    "height INTEGER, bytes_in INTEGER, sha256 TEXT, outputs TEXT, host TEXT,"
    "dir TEXT, stem TEXT, srcext TEXT, bounds TEXT);"
    "CREATE INDEX failed ON items(idx)"
    " WHERE status = 'failed';"
    // Names of outputs that came from ClaimNames(), because the claim of their
    // item does not tell them.
    "CREATE TABLE names(name BLOB PRIMARY KEY, key BLOB)"
    " WITHOUT ROWID;";

const char* const kJournalIndexes =
    "CREATE INDEX IF NOT EXISTS items_key ON items(key);"
    "CREATE INDEX IF NOT EXISTS done_claims ON items(claim_key)"
    " WHERE status = 'done';";

const char* const kForgetRecords =
    "BEGIN; DELETE FROM items; DELETE FROM names;"
    "DROP INDEX IF EXISTS items_key; DROP INDEX IF EXISTS done_claims; COMMIT";

namespace {

using Schema = std::map<std::string, std::string>;  // name -> all about it

Result<Schema> ReadSchema(Database* db, std::size_t most) {
  ASSIGN_OR_RETURN(Statement rows,
                   db->Prepare("SELECT name, type || ' ' || tbl_name || ' ' ||"
                               " coalesce(sql, '') FROM sqlite_schema"));
  Schema schema;
  while (schema.size() <= most) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    schema[rows.Text(0)] = rows.Text(1);
  }
  return schema;
}

Result<Schema> OurSchema(bool with_indexes) {
  ASSIGN_OR_RETURN(Database db, Database::OpenInMemory());
  RETURN_IF_ERROR(db.Execute(kJournalTables));
  if (with_indexes) RETURN_IF_ERROR(db.Execute(kJournalIndexes));
  return ReadSchema(&db, 100);
}

// Call only if the table `meta` is ours.
Status CheckVersion(Database* db, const std::string& shown) {
  ASSIGN_OR_RETURN(const std::string version, GetMeta(db, "version"));
  // The program may have ended between the tables and the version.
  if (version.empty() || version == kJournalVersion) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} was written by another version of the program; "
                          "use another --state",
                          shown));
}

Status CheckSchema(Database* db, const std::string& shown) {
  ASSIGN_OR_RETURN(const Schema least, OurSchema(false));
  ASSIGN_OR_RETURN(const Schema most, OurSchema(true));
  ASSIGN_OR_RETURN(const Schema is, ReadSchema(db, most.size()));
  // The version comes first: the tables of another version may differ, and
  // this is no damage.
  const auto meta = is.find("meta");
  if (meta != is.end() && meta->second == least.at("meta"))
    RETURN_IF_ERROR(CheckVersion(db, shown));
  for (const auto& [name, text] : least)
    if (!is.contains(name))
      return Fail(ErrorCode::kBadData, "the journal: its tables are missing");
  for (const auto& [name, text] : is) {
    const auto ours = most.find(name);
    if (ours == most.end() || ours->second != text)
      return Fail(ErrorCode::kBadData,
                  "the journal: it has tables, indexes, triggers or views that "
                  "thumbmill does not make");
  }
  return {};
}

// Fails if SQLite finds the file damaged. A damaged file must not count as a
// new job: the run would make all its images again, perhaps with another
// recipe.
Status CheckWhole(Database* db) {
  ASSIGN_OR_RETURN(Statement check, db->Prepare("PRAGMA quick_check(1)"));
  ASSIGN_OR_RETURN(const bool said, check.Step());
  if (said && check.Text(0) == "ok") return {};
  return Fail(ErrorCode::kBadData, "the journal: " + check.Text(0));
}

}  // namespace

Status CheckJournal(Database* db, const std::string& shown) {
  RETURN_IF_ERROR(CheckSchema(db, shown));
  return CheckWhole(db);
}

Error WithPath(Error error, const std::string& shown) {
  if (error.code == ErrorCode::kBadData)
    error.what += fmt::format(
        " ({}/journal.sqlite is damaged, or no journal of ours; move it away "
        "or use another --state)",
        shown);
  return error;
}

Result<std::string> GetMeta(Database* db, std::string_view key) {
  ASSIGN_OR_RETURN(Statement get,
                   db->Prepare("SELECT value FROM meta WHERE key = ?"));
  ASSIGN_OR_RETURN(const bool found, get.Bind(1, key).Step());
  return found ? get.Text(0) : std::string();
}

Status SetMeta(Database* db, std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(Statement set,
                   db->Prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)"));
  return set.Bind(1, key).Bind(2, value).Run();
}

}  // namespace thumbmill
