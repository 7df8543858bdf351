/* Holds 300 MB of private memory for a moment, once; for LD_PRELOAD. It does so
 * in the first fdatasync() of a run, in one of the coordinator's threads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PEAK_BYTES (300ul << 20)

static atomic_flag done = ATOMIC_FLAG_INIT;

static void HoldForAMoment(void) {
  if (atomic_flag_test_and_set(&done)) return;
  void* at = mmap(NULL, PEAK_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return;
  memset(at, 1, PEAK_BYTES);
  munmap(at, PEAK_BYTES);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  HoldForAMoment();
  return real(fd);
}
int syncfs(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "syncfs");
  HoldForAMoment();
  return real(fd);
}
int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  HoldForAMoment();
  return real(fd);
}
