// coordinator/sqlite.h: the little of SQLite that the journal needs, with
// errors as values. Included by the journal only.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

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
  [[nodiscard]] static Result<Database> Open(const std::string& path);
  Database() = default;

  [[nodiscard]] Status Execute(const char* sql);
  [[nodiscard]] Result<Statement> Prepare(const char* sql);
  [[nodiscard]] std::int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace thumbmill
