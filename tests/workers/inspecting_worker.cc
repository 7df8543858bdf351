// Exits with the number of faults in the environment that it was given:
// descriptors beyond the standard ones and the two regions, environment
// variables, a blocked signal, the coordinator's process group, wrong rights on
// a region.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "proto/worker_args.h"

using thumbmill::kWorkerInputFd;
using thumbmill::kWorkerOutputFd;

static int ForeignDescriptors() {
  DIR* folder = opendir("/proc/self/fd");
  int foreign = 0;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const int fd = std::atoi(entry->d_name);
    const bool expected = fd <= 2 || fd == kWorkerInputFd ||
                          fd == kWorkerOutputFd || fd == dirfd(folder);
    foreign += expected ? 0 : 1;
  }
  closedir(folder);
  return foreign;
}

static int ForeignVariables() {
  int foreign = 0;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const bool kept = text.find("SAN_") != std::string::npos ||
                      text.starts_with("LD_LIBRARY_PATH=");
    foreign += kept ? 0 : 1;
  }
  return foreign;
}

static bool CanBeWritten(int fd) {
  void* at = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  return at != MAP_FAILED && mprotect(at, 4096, PROT_READ | PROT_WRITE) == 0;
}

int main() {
  int wrong = ForeignDescriptors() + ForeignVariables();
  sigset_t blocked, none;
  sigprocmask(SIG_SETMASK, nullptr, &blocked);
  sigemptyset(&none);
  wrong += std::memcmp(&blocked, &none, sizeof(long)) == 0 ? 0 : 1;
  wrong += getpgrp() == getpid() ? 0 : 1;
  wrong += CanBeWritten(kWorkerInputFd) ? 1 : 0;
  wrong += CanBeWritten(kWorkerOutputFd) ? 0 : 1;
  // Nobody else may change the size of the regions.
  wrong += ftruncate(kWorkerOutputFd, 0) == 0 ? 1 : 0;
  return wrong;
}
