// coordinator/journal/journal_file.h: the file of the journal: made whole,
// opened only if it is ours.
//
// What stands in a state may have been put there by anybody who could once
// write to it. So its schema is held against ours, word by word, before any
// statement could run a trigger, a view or a CHECK of it; then SQLite looks
// whether it is whole.
//
// Errors   kBadData: damaged, or no journal of ours. kUsage: a file of the
//          state is a link, or another user's. kCancelled: stopped.
#pragma once

#include <atomic>
#include <string>

#include "common/result.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

// What finds a record again. A first run looks nothing up, and entries at
// random places are what slows a table of millions down: so the indexes are
// made when a state with records is opened, sorted, in one go.
extern const char* const kJournalIndexes;

// `state` is a private folder, `shown` its path, `stop` may be null. The file,
// and those that SQLite keeps beside it, have mode 0600 afterwards.
[[nodiscard]] Result<Database> OpenJournalFile(int state,
                                               const std::string& shown,
                                               const std::atomic<bool>* stop);

}  // namespace thumbmill
