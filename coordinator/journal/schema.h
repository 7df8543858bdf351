// coordinator/journal/schema.h: the tables of the journal, and the checks that
// a file has these tables, nothing else, and no damage.
//
// Anybody who could once write to the state folder may have put a file there.
// Before any statement could run a trigger, a view or a CHECK of that file, its
// schema is compared word by word with ours. Then SQLite checks that the file
// is not damaged.
//
// Errors   kBadData if the file is damaged or not a journal of ours; kUsage if
//          another version of the program wrote it; kCancelled if the query was
//          stopped.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

// SQL that creates the tables of an empty journal.
extern const char* const kJournalTables;
// SQL that creates the indexes for the search of records. A first run searches
// none, and inserts at random places of an index are slow in a table of
// millions. Therefore the indexes are made when a state with records is opened:
// SQLite then sorts all entries once.
extern const char* const kJournalIndexes;
// SQL that removes all records.
extern const char* const kForgetRecords;

// Checks schema, version and damage of an open file. `shown` is the path of the
// state, for errors.
[[nodiscard]] Status CheckJournal(Database* db, const std::string& shown);

// Adds the journal's path to an error, and advice, if the file is damaged.
[[nodiscard]] Error WithPath(Error error, const std::string& shown);

// The meta table holds "version" (kJournalVersion) and "recipe".
inline constexpr std::string_view kJournalVersion = "1";
// Returns an empty text if the key has no value.
[[nodiscard]] Result<std::string> GetMeta(Database* db, std::string_view key);
[[nodiscard]] Status SetMeta(Database* db, std::string_view key,
                             std::string_view value);

}  // namespace thumbmill
