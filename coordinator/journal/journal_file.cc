#include "coordinator/journal/journal_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "common/fail_point.h"
#include "common/own_files.h"
#include "common/unique_fd.h"

namespace thumbmill {

const char* const kJournalIndexes =
    "CREATE INDEX IF NOT EXISTS items_key ON items(key);"
    "CREATE INDEX IF NOT EXISTS done_claims ON items(claim_key)"
    " WHERE status = 'done';";

namespace {

constexpr const char* kName = "journal.sqlite";
constexpr const char* kNewName = "journal.sqlite.new";

constexpr const char* kSchema =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);"
    "CREATE TABLE items("
    "key BLOB, idx INTEGER, uri TEXT, claim TEXT, claim_key BLOB,"
    "stamp TEXT, status TEXT, reason TEXT, message TEXT, warnings TEXT,"
    "attempts INTEGER, signal INTEGER, phase TEXT, width INTEGER,"
    "height INTEGER, bytes_in INTEGER, sha256 TEXT, outputs TEXT, host TEXT,"
    "dir TEXT, stem TEXT, srcext TEXT, bounds TEXT);"
    "CREATE INDEX failed ON items(idx)"
    " WHERE status = 'failed';"
    // Names of outputs that came from ClaimName(), because the claim of their
    // item does not tell them.
    "CREATE TABLE names(name BLOB PRIMARY KEY, key BLOB)"
    " WITHOUT ROWID;";

bool IsThere(int state, const std::string& name) {
  return faccessat(state, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Creates an empty file, which SQLite takes for a new database.
Status MakeEmpty(int state, const char* name) {
  if (unlinkat(state, name, 0) != 0 && errno != ENOENT)
    return FailSystem(std::string("cannot remove ") + name, errno);
  const UniqueFd file(openat(
      state, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.valid()) return {};
  return FailSystem(std::string("cannot make ") + name, errno);
}

Status Sync(int state, const char* name) {
  const UniqueFd file(openat(state, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.valid() && fsync(file.get()) == 0) return {};
  return FailSystem(std::string("cannot sync ") + name, errno);
}

// Creates the journal under a temporary name and renames it. The file appears
// whole or not at all, so a file without its tables is known to be damaged.
Status MakeIfMissing(int state) {
  if (IsThere(state, kName)) return {};
  if (IsThere(state, std::string(kName) + "-wal"))
    return Fail(ErrorCode::kBadData,
                "the journal: journal.sqlite-wal is there without it");
  RETURN_IF_ERROR(MakeEmpty(state, kNewName));
  // No rollback journal and no syncs here: a crash leaves only the temporary
  // file, which the next run replaces. Sync() makes the whole file durable.
  {
    ASSIGN_OR_RETURN(Database db, Database::Open(state, kNewName));
    RETURN_IF_ERROR(
        db.Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"));
    RETURN_IF_ERROR(db.Execute(kSchema));
  }
  RETURN_IF_ERROR(Sync(state, kNewName));
  TM_FAIL_POINT("journal-unnamed");
  if (renameat(state, kNewName, state, kName) != 0)
    return FailSystem(std::string("cannot rename ") + kNewName, errno);
  return Sync(state, ".");
}

// ---- is it ours? ---------------------------------------------------------

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
  RETURN_IF_ERROR(db.Execute(kSchema));
  if (with_indexes) RETURN_IF_ERROR(db.Execute(kJournalIndexes));
  return ReadSchema(&db, 100);
}

Status CheckSchema(Database* db) {
  ASSIGN_OR_RETURN(const Schema least, OurSchema(false));
  ASSIGN_OR_RETURN(const Schema most, OurSchema(true));
  ASSIGN_OR_RETURN(const Schema is, ReadSchema(db, most.size()));
  for (const auto& [name, what] : least)
    if (!is.contains(name))
      return Fail(ErrorCode::kBadData, "the journal: its tables are missing");
  for (const auto& [name, what] : is) {
    const auto ours = most.find(name);
    if (ours == most.end() || ours->second != what)
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

Result<Database> OpenJournalFile(int state, const std::string& shown,
                                 const std::atomic<bool>* stop) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    const std::string name = std::string(kName) + suffix;
    RETURN_IF_ERROR(CloseToOthers(state, name, shown + "/" + name));
  }
  RETURN_IF_ERROR(MakeIfMissing(state));
  TM_FAIL_POINT("journal-made");
  ASSIGN_OR_RETURN(Database db, Database::Open(state, kName));
  db.Distrust();
  if (stop != nullptr) db.StopWhen(stop);
  RETURN_IF_ERROR(db.Execute("PRAGMA cache_size=-16384;"));
  RETURN_IF_ERROR(CheckSchema(&db));
  RETURN_IF_ERROR(CheckWhole(&db));
  RETURN_IF_ERROR(
      db.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
  return db;
}

}  // namespace thumbmill
