/* Plays code that runs in a worker because a decoder has a hole: a libgif that
 * does the deed in the comment of a GIF, inside the real sandbox. Workers load
 * it before the real libgif, because LD_LIBRARY_PATH reaches them. It passes
 * all other calls on to the real libgif.
 *
 * The comment is "PHASE VERB ARGUMENTS". PHASE is the time of the deed: open,
 * line and close are calls of the decoder; wait is the next time that the
 * worker has no task; drain is its exit. Do() below lists the verbs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gif_lib.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kOutputs = 201, kMost = 1 << 17 };

static char deed[kMost];              /* of the last opened GIF */
static uint8_t bytes[kMost];          /* decoded from HEX */
static volatile uint64_t* record;     /* task, mark of its input, phase */
static void* real;                    /* libgif */

static void Nap(int seconds) {
  struct timespec time = {seconds, 0};
  nanosleep(&time, NULL);
}

static size_t ReadHex(const char* text, uint8_t* out) {
  size_t n = 0;
  unsigned byte;
  for (; n < kMost && sscanf(text, "%2x", &byte) == 1; text += 2)
    out[n++] = (uint8_t)byte;
  return n;
}

/* ---- the wire, below ZeroMQ --------------------------------------------- */

static int Socket(void) {
  struct stat st;
  int fd = 3;
  while (fd < 100 &&
         (syscall(SYS_fstat, fd, &st) != 0 || !S_ISSOCK(st.st_mode)))
    ++fd;
  return fd;
}

static void Write(int fd, const uint8_t* from, size_t n) {
  while (n > 0) {
    const long done = syscall(SYS_write, fd, from, n);
    struct pollfd room = {fd, POLLOUT, 0};
    if (done < 0 && syscall(SYS_poll, &room, 1, 1000) <= 0) return;
    if (done <= 0) continue;
    from += done;
    n -= (size_t)done;
  }
}

static void Frame(const uint8_t* body, size_t n) {
  uint8_t head[9] = {0, (uint8_t)n};
  size_t length = 2;
  if (n > 255) {
    head[0] = 2;
    for (int i = 0; i < 8; ++i)
      head[1 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    length = 9;
  }
  Write(Socket(), head, length);
  Write(Socket(), body, n);
}

/* Sends a RESULT for the current task, or for the id `further` above it. */
static void Result(long further, const char* hex) {
  uint8_t* at = bytes;
  uint64_t id = record[0] + (uint64_t)further;
  memcpy(at, "TM\1\4\10", 5);
  for (at += 5; id > 127; id >>= 7) *at++ = (uint8_t)(id | 128);
  *at++ = (uint8_t)id;
  Frame(bytes, (size_t)(at - bytes) + ReadHex(hex, at));
}

/* Sends a message that never ends: each frame says that more follow. */
static void Endless(int seconds) {
  static uint8_t frames[1 << 16];
  const time_t until = time(NULL) + seconds;
  for (size_t i = 0; i < sizeof frames; i += 2) frames[i] = 1;
  while (time(NULL) < until) Write(Socket(), frames, sizeof frames);
}

/* ---- memory and time ---------------------------------------------------- */

static void Touch(void* block, size_t n) {
  if (block == MAP_FAILED) _exit(7);
  for (size_t i = 0; i < n; i += 4096) ((volatile char*)block)[i] = 1;
}

static void Stack(const char* how) {
  const size_t n = (size_t)1 << 31;
  const int plain = MAP_PRIVATE | MAP_ANONYMOUS;
  if (strcmp(how, "mapped") == 0)
    Touch(mmap(NULL, n, 3, plain | MAP_GROWSDOWN, -1, 0), n);
  if (strcmp(how, "moved") == 0) {
    char* page = (char*)((uintptr_t)&n & ~(uintptr_t)4095);
    Touch(mremap(page, 4096, n, MREMAP_MAYMOVE), n);
  }
  if (strcmp(how, "deep") == 0)
    for (size_t i = 4096; i < n; i += 4096) ((volatile char*)&n)[-(long)i] = 1;
  if (strcmp(how, "heap") == 0) Touch(mmap(NULL, n, 3, plain, -1, 0), n);
}

static void Fill(void) {
  static uint8_t block[1 << 20];
  memset(block, 1, sizeof block);
  while (syscall(SYS_write, kOutputs, block, sizeof block) > 0) {
  }
  Nap(20);
}

static void Spin(void) {
  unsigned long all = ~0UL;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 8);
  for (;;) {
  }
}

/* ---- deeds -------------------------------------------------------------- */

static void Do(void) {
  char verb[16] = "";
  char phase[16] = "";
  int at = 0;
  sscanf(deed, "%15s %15s %n", phase, verb, &at);
  const char* rest = deed + at;
  const long number = strtol(rest, NULL, 10);
  const char* second = strchr(rest, ' ');
  deed[0] = '\0';
  if (strcmp(verb, "exit") == 0) _exit((int)number);
  if (strcmp(verb, "signal") == 0)
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), (int)number);
  if (strcmp(verb, "frame") == 0) Frame(bytes, ReadHex(rest, bytes));
  if (strcmp(verb, "huge") == 0) Frame(bytes, (size_t)number);
  if (strcmp(verb, "raw") == 0) Write(Socket(), bytes, ReadHex(rest, bytes));
  if (strcmp(verb, "result") == 0) Result(number, second ? second + 1 : "");
  if (strcmp(verb, "flood") == 0) {
    const size_t n = ReadHex(second + 1, bytes);
    for (long i = 0; i < number; ++i) Frame(bytes, n);
  }
  if (strcmp(verb, "endless") == 0) Endless((int)number);
  if (strcmp(verb, "stack") == 0) Stack(rest);
  if (strcmp(verb, "fill") == 0) Fill();
  if (strcmp(verb, "spin") == 0) Spin();
  if (strcmp(verb, "say") == 0) {
    for (long i = 0; i < number; ++i) syscall(SYS_write, 2, "OWNED \033]0;\n", 11);
    _exit(7);
  }
  if (strcmp(verb, "smash") == 0) {
    record[0] = record[1] = record[2] = 0;
    _exit((int)number);
  }
  if (strcmp(verb, "blame") == 0) {
    record[0] += (uint64_t)number;
    abort();
  }
  if (strcmp(verb, "hang-up") == 0) {
    syscall(SYS_close, Socket());
    if (number == 0) _exit(7);
  }
  if (strcmp(verb, "schedule") == 0) {
    const struct sched_param none = {0};
    syscall(SYS_sched_setscheduler, getppid(), SCHED_IDLE, &none);
    _exit(7);
  }
  Nap(20);
  _exit(7);
}

static void Now(const char* phase) {
  const size_t n = strlen(phase);
  if (strncmp(deed, phase, n) == 0 && deed[n] == ' ') Do();
}

/* ---- the calls of the worker -------------------------------------------- */

__attribute__((constructor)) static void Begin(void) {
  real = dlopen(REAL_GIF, RTLD_NOW | RTLD_LOCAL);
}

__attribute__((destructor)) static void End(void) { Now("drain"); }

/* Replaces poll(). The worker calls it before it enters the sandbox, while it
 * waits for its recipe: only then can the flight record be mapped. */
int poll(struct pollfd* fds, nfds_t n, int timeout) {
  struct stat st;
  if (record == NULL && fstat(kOutputs, &st) == 0 && st.st_size > 0 &&
      prctl(PR_GET_SECCOMP) == 0) {
    void* page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, kOutputs, 0);
    if (page != MAP_FAILED) record = page;
  }
  if (syscall(SYS_gettid) == getpid()) Now("wait");
  return (int)syscall(SYS_poll, fds, n, timeout);
}

/* The whole file, read before the real libgif reads it, to find the comment. */
static struct {
  uint8_t bytes[kMost];
  size_t length, at;
} file;

static int ReadAhead(GifFileType* gif, GifByteType* to, int n) {
  const size_t left = file.length - file.at;
  const size_t taken = (size_t)n < left ? (size_t)n : left;
  (void)gif;
  memcpy(to, file.bytes + file.at, taken);
  file.at += taken;
  return (int)taken;
}

/* Finds the comment after the colour table: 21 FE and blocks of text. */
static void FindDeed(void) {
  size_t at = 13, length = 0;
  deed[0] = '\0';
  if (file.length < at) return;
  if (file.bytes[10] & 0x80) at += (size_t)6 << (file.bytes[10] & 7);
  if (at + 2 > file.length || file.bytes[at] != 0x21 ||
      file.bytes[at + 1] != 0xFE)
    return;
  for (at += 2; at < file.length && file.bytes[at] > 0;) {
    const size_t block = file.bytes[at++];
    if (at + block > file.length) break;
    memcpy(deed + length, file.bytes + at, block);
    length += block;
    at += block;
  }
  deed[length] = '\0';
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(real, #name))

GifFileType* DGifOpen(void* user, InputFunc read, int* error) {
  GifFileType head;
  int n = 0;
  memset(&head, 0, sizeof head);
  head.UserData = user;
  file.length = file.at = 0;
  while (file.length < kMost &&
         (n = read(&head, file.bytes + file.length,
                   (int)(kMost - file.length))) > 0)
    file.length += (size_t)n;
  FindDeed();
  Now("open");
  return REAL(GifFileType*, DGifOpen, void*, InputFunc, int*)(user, ReadAhead,
                                                              error);
}

int DGifGetLine(GifFileType* gif, GifPixelType* line, int n) {
  Now("line");
  return REAL(int, DGifGetLine, GifFileType*, GifPixelType*, int)(gif, line, n);
}

int DGifCloseFile(GifFileType* gif, int* error) {
  Now("close");
  return REAL(int, DGifCloseFile, GifFileType*, int*)(gif, error);
}

int DGifGetRecordType(GifFileType* gif, GifRecordType* type) {
  return REAL(int, DGifGetRecordType, GifFileType*, GifRecordType*)(gif, type);
}

int DGifGetImageDesc(GifFileType* gif) {
  return REAL(int, DGifGetImageDesc, GifFileType*)(gif);
}

int DGifGetExtension(GifFileType* gif, int* code, GifByteType** block) {
  return REAL(int, DGifGetExtension, GifFileType*, int*, GifByteType**)(
      gif, code, block);
}

int DGifGetExtensionNext(GifFileType* gif, GifByteType** block) {
  return REAL(int, DGifGetExtensionNext, GifFileType*, GifByteType**)(gif,
                                                                      block);
}

const char* GifErrorString(int code) {
  return REAL(const char*, GifErrorString, int)(code);
}
