#include "coordinator/pool/inherited.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace thumbmill {
namespace {

// Highest hard limit of open files for which one call per number is tried. It
// is Linux's own maximum (fs.nr_open), unless an administrator has raised that.
constexpr rlim_t kMostNumbers = 1 << 20;
// Offsets in struct linux_dirent64: 8 bytes each of inode and offset, 2 of its
// length, 1 of its type, then the name.
constexpr std::size_t kLengthAt = 16, kNameAt = 19;

// Returns true also if `fd` is not open: there is nothing to keep then.
bool Mark(int fd) {
  return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 || errno == EBADF;
}

// Returns -1 if the name is no number, such as "." and "..".
int NumberOf(const char* name) {
  int number = 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return -1;
    number = number * 10 + (*name - '0');
  }
  return number;
}

bool MarkListed(int first, const char* entries, std::size_t bytes) {
  std::uint16_t length = 0;
  for (std::size_t at = 0; at < bytes; at += length) {
    std::memcpy(&length, entries + at + kLengthAt, sizeof length);
    const int fd = NumberOf(entries + at + kNameAt);
    if (fd >= first && !Mark(fd)) return false;
  }
  return true;
}

bool MarkByList(int first) {
  const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  alignas(8) char entries[4096];
  long bytes = 0;
  bool marked = true;
  do {
    bytes = syscall(SYS_getdents64, folder, entries, sizeof entries);
    marked = bytes >= 0 &&
             MarkListed(first, entries, static_cast<std::size_t>(bytes));
  } while (marked && bytes > 0);
  close(folder);
  return marked;
}

bool MarkByNumber(int first) {
  rlimit limit;
  // A descriptor may lie above a soft limit that was lowered after it was
  // opened.
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  const rlim_t most = std::max(limit.rlim_cur, limit.rlim_max);
  if (most > kMostNumbers) return false;
  for (int fd = first; fd < static_cast<int>(most); ++fd)
    if (!Mark(fd)) return false;
  return true;
}

}  // namespace

bool MarkInherited(int first) {
  return close_range(static_cast<unsigned>(first), UINT_MAX,
                     CLOSE_RANGE_CLOEXEC) == 0 ||
         MarkByList(first) || MarkByNumber(first);
}

}  // namespace thumbmill
