#include "coordinator/sqlite.h"

#include <utility>

namespace thumbmill {
namespace {

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
      return ErrorCode::kBadData;
    case SQLITE_NOMEM:
      return ErrorCode::kNoMemory;
    default:
      return ErrorCode::kIo;
  }
}

tl::unexpected<Error> FailSqlite(sqlite3* db) {
  const int code = sqlite3_extended_errcode(db);
  return Fail(CodeOf(code),
              std::string("the journal: ") + sqlite3_errmsg(db));
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
  const auto* text = reinterpret_cast<const char*>(
      sqlite3_column_text(statement_.get(), column));
  const auto size = static_cast<std::size_t>(
      sqlite3_column_bytes(statement_.get(), column));
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

Result<Database> Database::Open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
      nullptr);
  Database database;
  database.db_.reset(raw);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(raw, 5000);
    return database;
  }
  auto failed = FailSqlite(raw);
  failed.value().what += " (" + path + ")";
  return failed;
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
