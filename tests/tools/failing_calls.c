/* Makes the n-th call of a kind fail; for LD_PRELOAD.
 *
 *   FAILING_CALL=kind:n:errno[:file]
 *
 * kind    malloc (malloc, calloc, realloc, aligned_alloc, posix_memalign and
 *         so operator new), write (to regular files), sync, rename, send, open,
 *         flock
 * n       from 1; 0 makes every call fail
 * file    is created when a call fails, so that a test knows whether there
 *         were n calls
 *
 * Fail points in the program would not do: this way the calls inside SQLite,
 * ZeroMQ and libcurl fail too, and the tested program is the shipped one. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "failing_call.h"

static int IsFile(int fd) {
  struct stat st;
  const int kept = errno;
  const int is = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  errno = kept;
  return is;
}

/* ---- memory, by glibc's own names, because dlsym() itself may allocate. */
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  return Fails("malloc") ? NULL : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return Fails("malloc") ? NULL : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  return Fails("malloc") ? NULL : __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  return Fails("malloc") ? NULL : __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  void* made = Fails("malloc") ? NULL : __libc_memalign(alignment, size);
  if (made == NULL) return ENOMEM;
  *out = made;
  return 0;
}

/* ---- files */
ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(write);
  return IsFile(fd) && Fails("write") ? -1 : real(fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  REAL(pwrite);
  return Fails("write") ? -1 : real(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  REAL(pwrite64);
  return Fails("write") ? -1 : real(fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  return Fails("write") ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  return Fails("write") ? -1 : real(fd, size);
}
int fsync(int fd) {
  REAL(fsync);
  return Fails("sync") ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return Fails("sync") ? -1 : real(fd);
}
int syncfs(int fd) {
  REAL(syncfs);
  return Fails("sync") ? -1 : real(fd);
}
int rename(const char* from, const char* to) {
  REAL(rename);
  return Fails("rename") ? -1 : real(from, to);
}
int renameat(int from_fd, const char* from, int to_fd, const char* to) {
  REAL(renameat);
  return Fails("rename") ? -1 : real(from_fd, from, to_fd, to);
}
int flock(int fd, int operation) {
  REAL(flock);
  return Fails("flock") ? -1 : real(fd, operation);
}

#define MODE_OF(flags, mode)                       \
  mode_t mode = 0;                                 \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {         \
    va_list list;                                  \
    va_start(list, flags);                         \
    mode = va_arg(list, mode_t);                   \
    va_end(list);                                  \
  }

int open(const char* path, int flags, ...) {
  REAL(open);
  MODE_OF(flags, mode)
  return Fails("open") ? -1 : real(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  REAL(open64);
  MODE_OF(flags, mode)
  return Fails("open") ? -1 : real(path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  REAL(openat);
  MODE_OF(flags, mode)
  return Fails("open") ? -1 : real(folder, path, flags, mode);
}

/* ---- sockets */
ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  REAL(send);
  return Fails("send") ? -1 : real(fd, bytes, size, flags);
}
ssize_t sendto(int fd, const void* bytes, size_t size, int flags,
               const struct sockaddr* to, socklen_t length) {
  REAL(sendto);
  return Fails("send") ? -1 : real(fd, bytes, size, flags, to, length);
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  REAL(sendmsg);
  return Fails("send") ? -1 : real(fd, message, flags);
}
