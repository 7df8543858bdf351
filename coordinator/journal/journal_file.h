// coordinator/journal/journal_file.h: creates the journal's file, or opens it
// if the file is ours.
//
// Anybody who could once write to the state folder may have put a file there.
// Before any statement could run a trigger, a view or a CHECK of that file, its
// schema is compared word by word with ours. Then SQLite checks that the file
// is not damaged.
//
// Errors   kBadData if the file is damaged or not a journal of ours; kUsage if
//          a file of the state is a link or belongs to another user;
//          kCancelled if `stop` became true.
#pragma once

#include <atomic>
#include <string>

#include "common/result.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

// SQL that creates the indexes for the search of records. A first run searches
// none, and inserts at random places of an index are slow in a table of
// millions. Therefore the indexes are made when a state with records is opened:
// SQLite then sorts all entries once.
extern const char* const kJournalIndexes;

// Opens the journal, and creates it if it is missing. `state` is a private
// folder, `shown` its path; `stop` may be null. The file, and the files that
// SQLite keeps beside it, have mode 0600 afterwards.
[[nodiscard]] Result<Database> OpenJournalFile(int state,
                                               const std::string& shown,
                                               const std::atomic<bool>* stop);

}  // namespace thumbmill
