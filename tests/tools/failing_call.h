/* What the libraries failing_calls and failing_net_calls share: they read
 * FAILING_CALL=kind:n:code[:file], count the calls of that kind, and find the
 * real function behind an overridden one. Define _GNU_SOURCE before. */
#ifndef FAILING_CALL_H
#define FAILING_CALL_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char kind[16];
static long wanted = -1;
static int code;
static const char* file;
static atomic_long calls;
/* Set last, so that calls of the start-up code do not fail. */
static atomic_int ready;

__attribute__((constructor)) static void Begin(void) {
  const char* text = getenv("FAILING_CALL");
  if (text == NULL) return;
  const char* end = strchr(text, ':');
  if (end == NULL || (size_t)(end - text) >= sizeof kind) return;
  memcpy(kind, text, (size_t)(end - text));
  char* rest;
  wanted = strtol(end + 1, &rest, 10);
  if (*rest == ':') code = (int)strtol(rest + 1, &rest, 10);
  if (*rest == ':') file = rest + 1;
  atomic_store(&ready, 1);
}

/* Returns 1, and sets errno, if this call of the kind `what` must fail. */
static int Fails(const char* what) {
  if (!atomic_load(&ready) || strcmp(kind, what) != 0) return 0;
  if (wanted != 0 && atomic_fetch_add(&calls, 1) + 1 != wanted) return 0;
  if (file != NULL) {
    const long fd = syscall(SYS_openat, AT_FDCWD, file,
                            O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) syscall(SYS_close, fd);
  }
  errno = code;
  return 1;
}

#define REAL(name)               \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#endif
