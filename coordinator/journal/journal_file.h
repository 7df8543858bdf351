// coordinator/journal/journal_file.h: creates the journal's file, or opens it
// if the file is ours.
//
// Errors   those of schema.h, and kUsage if a file of the state is a link or
//          belongs to another user.
#pragma once

#include <atomic>
#include <string>

#include "common/result.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

inline constexpr const char* kJournalFile = "journal.sqlite";

// Opens the journal, and creates it if it is missing. `state` is a private
// folder, `shown` its path; `stop` may be null. The file, and the files that
// SQLite keeps beside it, have mode 0600 afterwards.
[[nodiscard]] Result<Database> OpenJournalFile(int state,
                                               const std::string& shown,
                                               const std::atomic<bool>* stop);

// Checks that the folder has a journal and that its files are ours, and changes
// nothing. Fails with kNotFound if there is no journal.
[[nodiscard]] Status FindJournalFile(int state, const std::string& shown);

}  // namespace thumbmill
