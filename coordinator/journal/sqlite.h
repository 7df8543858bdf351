// coordinator/journal/sqlite.h: the little of SQLite that the journal needs,
// with errors as values. Included by the journal only.
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

// A prepared statement. Bind, then Step() until it is false, then Reset().
class Statement {
 public:
  Statement() = default;

  Statement& Bind(int at, std::string_view text);
  Statement& Bind(int at, ByteSpan blob);
  Statement& Bind(int at, std::int64_t value);

  // True: a row is there.
  [[nodiscard]] Result<bool> Step();
  // For what answers with no row.
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
  // Opens the file `name` of a private folder (common/own_files.h), of which
  // it keeps the descriptor. No link is followed, also not to it.
  [[nodiscard]] static Result<Database> Open(int folder,
                                             const std::string& name);
  [[nodiscard]] static Result<Database> OpenInMemory();
  Database() = default;

  // For a file that somebody else may have written: no trigger, view or
  // function of it runs, and what is read is bounded. Comes before the first
  // statement.
  void Distrust();
  // A statement fails with kCancelled soon after `*stop` has become true.
  // `stop` outlives this.
  void StopWhen(const std::atomic<bool>* stop);

  [[nodiscard]] Status Execute(const char* sql);
  [[nodiscard]] Result<Statement> Prepare(const char* sql);
  [[nodiscard]] std::int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  static Result<Database> OpenPath(const std::string& path, const char* vfs,
                                   const std::string& shown);
  UniqueFd folder_;  // closed after the database
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace thumbmill
