#include "coordinator/journal/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "common/fail_point.h"
#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/journal/schema.h"

namespace thumbmill {
namespace {

// The files that SQLite may keep for a database.
constexpr std::array<const char*, 4> kSuffixes{"", "-wal", "-shm", "-journal"};
constexpr const char* kNewName = "journal.sqlite.new";

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

// Records in a log without its journal are lost records, not a new job.
Status CheckNoLog(int state) {
  if (!IsThere(state, std::string(kJournalFile) + "-wal")) return {};
  return Fail(ErrorCode::kBadData,
              "the journal: journal.sqlite-wal is there without it");
}

// Creates the journal under a temporary name and renames it. The file appears
// whole or not at all, so a file without its tables is known to be damaged.
Status MakeIfMissing(int state) {
  if (IsThere(state, kJournalFile)) return {};
  RETURN_IF_ERROR(CheckNoLog(state));
  RETURN_IF_ERROR(MakeEmpty(state, kNewName));
  // No rollback journal and no syncs here: a crash leaves only the temporary
  // file, which the next run replaces. Sync() makes the whole file durable.
  {
    ASSIGN_OR_RETURN(Database db, Database::Open(state, kNewName));
    RETURN_IF_ERROR(
        db.Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"));
    RETURN_IF_ERROR(db.Execute(kJournalTables));
  }
  RETURN_IF_ERROR(Sync(state, kNewName));
  TM_FAIL_POINT("journal-unnamed");
  if (renameat(state, kNewName, state, kJournalFile) != 0)
    return FailSystem(std::string("cannot rename ") + kNewName, errno);
  return Sync(state, ".");
}

}  // namespace

Result<Database> OpenJournalFile(int state, const std::string& shown,
                                 const std::atomic<bool>* stop) {
  for (const char* suffix : kSuffixes) {
    const std::string name = std::string(kJournalFile) + suffix;
    RETURN_IF_ERROR(CloseToOthers(state, name, shown + "/" + name));
  }
  RETURN_IF_ERROR(MakeIfMissing(state));
  TM_FAIL_POINT("journal-made");
  ASSIGN_OR_RETURN(Database db, Database::Open(state, kJournalFile));
  db.Distrust();
  if (stop != nullptr) db.StopWhen(stop);
  RETURN_IF_ERROR(db.Execute("PRAGMA cache_size=-16384;"));
  RETURN_IF_ERROR(CheckJournal(&db, shown));
  RETURN_IF_ERROR(
      db.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
  return db;
}

Status FindJournalFile(int state, const std::string& shown) {
  if (!IsThere(state, kJournalFile)) {
    RETURN_IF_ERROR(CheckNoLog(state));
    return Fail(ErrorCode::kNotFound,
                fmt::format("{} has no journal: no job has run there", shown));
  }
  for (const char* suffix : kSuffixes) {
    const std::string name = std::string(kJournalFile) + suffix;
    Result<UniqueFd> file =
        OpenOwnFile(state, name, O_RDONLY, 0, shown + "/" + name);
    if (!file && file.error().sys != ENOENT)
      return tl::unexpected<Error>(std::move(file).error());
  }
  return {};
}

}  // namespace thumbmill
