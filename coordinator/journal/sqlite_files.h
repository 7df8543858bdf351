// coordinator/journal/sqlite_files.h: how SQLite opens the files of a database
// (SQLite calls this a VFS).
//
// All open files with O_NOFOLLOW and keep a path such as
// /proc/self/fd/7/journal.sqlite as it is: SQLite would resolve the link and
// open the folder by its name again, which may lead elsewhere by now.
//
// Each function returns the name of a VFS, or null if this SQLite has none for
// Linux.
#pragma once

namespace thumbmill {

// SQLite's own files, for reading and writing.
const char* KeepingVfs();

// Reads a database that another process writes, under SQLite's locks.
const char* SharedReadVfs();

// Reads a database that nobody has open. There are no locks, because the caller
// keeps others away. A missing log counts as an empty one, so that SQLite
// creates none. There is no code that could write.
const char* SoleReadVfs();

}  // namespace thumbmill
