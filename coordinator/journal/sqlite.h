// coordinator/journal/sqlite.h: the part of SQLite that the journal needs, with
// errors as values. Only the journal includes it.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class Database;

// A prepared statement. Call Bind(), then Step() until it returns false, then
// Reset(). Bound texts and blobs are not copied: they must live until then.
class Statement {
 public:
  Statement() = default;

  Statement& Bind(int at, std::string_view text);
  Statement& Bind(int at, ByteSpan blob);
  Statement& Bind(int at, std::int64_t value);

  // Returns true if there is a row.
  [[nodiscard]] Result<bool> Step();
  // Runs a statement that returns no row, and resets it.
  [[nodiscard]] Status Run();
  void Reset();

  [[nodiscard]] std::string Text(int column) const;
  [[nodiscard]] std::int64_t Integer(int column) const;
  [[nodiscard]] ByteSpan Blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const {
      sqlite3_finalize(statement);
    }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // Opens the file `name` of a private folder (common/own_files.h), and keeps a
  // copy of the folder's descriptor. Follows no link, not even to the folder.
  [[nodiscard]] static Result<Database> Open(int folder,
                                             const std::string& name);
  // Opens an existing file for reading only. Writes no byte and creates no
  // file. If another process has the database open, `in_use` must be true:
  // reads then heed its locks. Else nobody may open it meanwhile.
  [[nodiscard]] static Result<Database> OpenToRead(int folder,
                                                   const std::string& name,
                                                   bool in_use);
  [[nodiscard]] static Result<Database> OpenInMemory();
  Database() = default;

  // Protects against a file that somebody else may have written: SQLite runs
  // none of its triggers, views or functions, and bounds the sizes that it
  // reads. Call it before the first statement.
  void Distrust();
  // Makes statements fail with kCancelled soon after `*stop` has become true.
  // `stop` must outlive the database.
  void StopWhen(const std::atomic<bool>* stop);

  [[nodiscard]] Status Execute(const char* sql);
  [[nodiscard]] Result<Statement> Prepare(const char* sql);
  [[nodiscard]] std::int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  static Result<Database> OpenPath(const std::string& path, int flags,
                                   const char* vfs, const std::string& shown);
  static Result<Database> OpenIn(int folder, const std::string& name,
                                 const std::string& options, int flags,
                                 const char* vfs);
  UniqueFd folder_;  // closed after the database
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace thumbmill
