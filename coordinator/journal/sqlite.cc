#include "coordinator/journal/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "coordinator/journal/sqlite_files.h"

namespace thumbmill {
namespace {

// Bytes of the longest text or row. Our rows stay below it: they have 64 sizes
// with names of 4 KiB, and one line of a list.
constexpr int kMostBytes = 4 << 20;
constexpr int kReadAndWrite = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
// Virtual instructions between two checks of `stop`, well below 1 ms.
constexpr int kOpsBetweenLooks = 4096;

int LookWhetherToStop(void* stop) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

ErrorCode CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return ErrorCode::kNoSpace;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return ErrorCode::kDenied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
      return ErrorCode::kBadData;
    case SQLITE_NOMEM:
      return ErrorCode::kNoMemory;
    case SQLITE_INTERRUPT:
      return ErrorCode::kCancelled;
    default:
      return ErrorCode::kIo;
  }
}

tl::unexpected<Error> FailSqlite(sqlite3* db) {
  const int code = sqlite3_extended_errcode(db);
  std::string what = std::string("the journal: ") + sqlite3_errmsg(db);
  const int sys = sqlite3_system_errno(db);
  const int primary = code & 0xff;
  if (sys != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN))
    what = SystemError(what, sys).what;
  return Fail(CodeOf(code), std::move(what));
}

}  // namespace

Statement& Statement::Bind(int at, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), at, text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::Bind(int at, ByteSpan blob) {
  sqlite3_bind_blob64(statement_.get(), at, blob.data(), blob.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::Bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
  return *this;
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto failed = FailSqlite(sqlite3_db_handle(statement_.get()));
  Reset();
  return failed;
}

Status Statement::Run() {
  Result<bool> row = Step();
  if (!row) return tl::unexpected<Error>(row.error());
  Reset();
  return {};
}

void Statement::Reset() { sqlite3_reset(statement_.get()); }

std::string Statement::Text(int column) const {
  // sqlite3_column_text() may convert the value, so it must come before
  // sqlite3_column_bytes().
  const auto* text = reinterpret_cast<const char*>(
      sqlite3_column_text(statement_.get(), column));
  const auto size =
      static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(text, size);
}

std::int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

ByteSpan Statement::Blob(int column) const {
  const auto* blob = static_cast<const std::uint8_t*>(
      sqlite3_column_blob(statement_.get(), column));
  return {blob, static_cast<std::size_t>(
                    sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::OpenPath(const std::string& path, int flags,
                                    const char* vfs, const std::string& shown) {
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, vfs);
  Database database;
  database.db_.reset(raw);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(raw, 5000);
    return database;
  }
  auto failed = FailSqlite(raw);
  failed.value().what += " (" + shown + ")";
  return failed;
}

Result<Database> Database::OpenIn(int folder, const std::string& name,
                                  const std::string& options, int flags,
                                  const char* vfs) {
  // SQLite opens more files by this path later, so the descriptor must live as
  // long as the database.
  UniqueFd own(fcntl(folder, F_DUPFD_CLOEXEC, 3));
  if (!own.valid()) return FailSystem("the journal", errno);
  if (vfs == nullptr)
    return Fail(ErrorCode::kInternal, "the journal: this SQLite has no unix");
  const std::string path =
      fmt::format("file:/proc/self/fd/{}/{}{}", own.get(), name, options);
  ASSIGN_OR_RETURN(Database database,
                   OpenPath(path, flags | SQLITE_OPEN_URI, vfs, name));
  database.folder_ = std::move(own);
  return database;
}

Result<Database> Database::Open(int folder, const std::string& name) {
  return OpenIn(folder, name, "", kReadAndWrite, KeepingVfs());
}

Result<Database> Database::OpenToRead(int folder, const std::string& name,
                                      bool in_use) {
  if (in_use)
    return OpenIn(folder, name, "?readonly_shm=1", SQLITE_OPEN_READONLY,
                  SharedReadVfs());
  ASSIGN_OR_RETURN(
      Database database,
      OpenIn(folder, name, "", SQLITE_OPEN_READONLY, SoleReadVfs()));
  // SQLite then keeps the index of the log in memory and not in a file.
  RETURN_IF_ERROR(database.Execute("PRAGMA locking_mode=EXCLUSIVE"));
  return database;
}

Result<Database> Database::OpenInMemory() {
  return OpenPath(":memory:", kReadAndWrite, nullptr, "in memory");
}

void Database::Distrust() {
  sqlite3* db = db_.get();
  for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0}})
    sqlite3_db_config(db, option, value, nullptr);
  for (const auto& [limit, value] : {std::pair{SQLITE_LIMIT_LENGTH, kMostBytes},
                                     {SQLITE_LIMIT_SQL_LENGTH, 64 << 10},
                                     {SQLITE_LIMIT_COLUMN, 64},
                                     {SQLITE_LIMIT_EXPR_DEPTH, 32},
                                     {SQLITE_LIMIT_COMPOUND_SELECT, 4},
                                     {SQLITE_LIMIT_VDBE_OP, 10'000},
                                     {SQLITE_LIMIT_FUNCTION_ARG, 16},
                                     {SQLITE_LIMIT_ATTACHED, 0},
                                     {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
                                     {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
                                     {SQLITE_LIMIT_WORKER_THREADS, 0}})
    sqlite3_limit(db, limit, value);
}

void Database::StopWhen(const std::atomic<bool>* stop) {
  sqlite3_progress_handler(db_.get(), kOpsBetweenLooks, LookWhetherToStop,
                           const_cast<std::atomic<bool>*>(stop));
}

Status Database::Execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK)
    return {};
  return FailSqlite(db_.get());
}

Result<Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw,
                         nullptr) != SQLITE_OK)
    return FailSqlite(db_.get());
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

std::int64_t Database::changes() const { return sqlite3_changes64(db_.get()); }

}  // namespace thumbmill
