#include "coordinator/journal/sqlite_files.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace thumbmill {
namespace {

constexpr const char* kUnix = "unix";

int KeepPath(sqlite3_vfs*, const char* path, int size, char* out) {
  const std::string_view text(path);
  if (text.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, text.data(), text.size() + 1);
  return SQLITE_OK;
}

int DeleteNothing(sqlite3_vfs*, const char*, int) { return SQLITE_READONLY; }

// ---- reading beside a writer ---------------------------------------------

// SQLite opens the log of a database for writing, and creates it, even if the
// database itself is opened for reading only.
int OpenToReadOnly(sqlite3_vfs*, const char* path, sqlite3_file* file,
                   int flags, int* out_flags) {
  constexpr int kChanges = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                           SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_EXCLUSIVE;
  sqlite3_vfs* own = sqlite3_vfs_find(kUnix);
  return own->xOpen(own, path, file, (flags & ~kChanges) | SQLITE_OPEN_READONLY,
                    out_flags);
}

// ---- reading alone -------------------------------------------------------

struct ReadFile {
  sqlite3_file base;  // SQLite takes the address of this struct for its own
  int fd;             // -1: a log that does not exist
};

int FdOf(sqlite3_file* file) { return reinterpret_cast<ReadFile*>(file)->fd; }

int Close(sqlite3_file* file) {
  if (FdOf(file) >= 0) close(FdOf(file));
  return SQLITE_OK;
}

// SQLite wants zeros in place of bytes after the end of the file.
int Read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) {
  auto* out = static_cast<char*>(to);
  int got = 0;
  while (FdOf(file) >= 0 && got < bytes) {
    const ssize_t n = pread(FdOf(file), out + got,
                            static_cast<std::size_t>(bytes - got), at + got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SQLITE_IOERR_READ;
    if (n == 0) break;
    got += static_cast<int>(n);
  }
  if (got == bytes) return SQLITE_OK;
  std::memset(out + got, 0, static_cast<std::size_t>(bytes - got));
  return SQLITE_IOERR_SHORT_READ;
}

int Size(sqlite3_file* file, sqlite3_int64* bytes) {
  struct stat st;
  *bytes = 0;
  if (FdOf(file) < 0) return SQLITE_OK;
  if (fstat(FdOf(file), &st) != 0) return SQLITE_IOERR_FSTAT;
  *bytes = st.st_size;
  return SQLITE_OK;
}

int WriteNothing(sqlite3_file*, const void*, int, sqlite3_int64) {
  return SQLITE_READONLY;
}
int TruncateNothing(sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; }
int Grant(sqlite3_file*, int) { return SQLITE_OK; }
int TellNoLock(sqlite3_file*, int* locked) {
  *locked = 0;
  return SQLITE_OK;
}
int ControlNothing(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int NoProperties(sqlite3_file*) { return 0; }

const sqlite3_io_methods kReadMethods = [] {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;  // no shared memory
  methods.xClose = Close;
  methods.xRead = Read;
  methods.xWrite = WriteNothing;
  methods.xTruncate = TruncateNothing;
  methods.xSync = Grant;
  methods.xFileSize = Size;
  methods.xLock = Grant;
  methods.xUnlock = Grant;
  methods.xCheckReservedLock = TellNoLock;
  methods.xFileControl = ControlNothing;
  methods.xSectorSize = NoProperties;
  methods.xDeviceCharacteristics = NoProperties;
  return methods;
}();

int OpenAlone(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags,
              int* out_flags) {
  file->pMethods = nullptr;  // SQLite then does not close it
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
    return SQLITE_CANTOPEN;
  const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  const bool no_log = errno == ENOENT && (flags & SQLITE_OPEN_WAL) != 0;
  if (fd < 0 && !no_log) return SQLITE_CANTOPEN;
  reinterpret_cast<ReadFile*>(file)->fd = fd;
  file->pMethods = &kReadMethods;
  if (out_flags != nullptr) *out_flags = SQLITE_OPEN_READONLY;
  return SQLITE_OK;
}

// ---- registration --------------------------------------------------------

// Registers a copy of SQLite's own VFS with the changes that `change` makes.
template <typename Change>
bool Register(sqlite3_vfs* vfs, const char* name, Change change) {
  const sqlite3_vfs* own = sqlite3_vfs_find(kUnix);
  if (own == nullptr) return false;
  *vfs = *own;
  vfs->pNext = nullptr;
  vfs->zName = name;
  vfs->xFullPathname = KeepPath;
  change(vfs);
  return sqlite3_vfs_register(vfs, 0) == SQLITE_OK;
}

}  // namespace

const char* KeepingVfs() {
  constexpr const char* kName = "thumbmill";
  static sqlite3_vfs vfs;
  static const bool registered = Register(&vfs, kName, [](sqlite3_vfs*) {});
  return registered ? kName : nullptr;
}

const char* SharedReadVfs() {
  constexpr const char* kName = "thumbmill-shared";
  static sqlite3_vfs vfs;
  static const bool registered =
      Register(&vfs, kName, [](sqlite3_vfs* reading) {
        reading->xOpen = OpenToReadOnly;
        reading->xDelete = DeleteNothing;
      });
  return registered ? kName : nullptr;
}

const char* SoleReadVfs() {
  constexpr const char* kName = "thumbmill-sole";
  static sqlite3_vfs vfs;
  static const bool registered =
      Register(&vfs, kName, [](sqlite3_vfs* reading) {
        reading->szOsFile = sizeof(ReadFile);
        reading->xOpen = OpenAlone;
        reading->xDelete = DeleteNothing;
      });
  return registered ? kName : nullptr;
}

}  // namespace thumbmill
