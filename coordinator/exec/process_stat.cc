#include "coordinator/exec/process_stat.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <string>

#include "common/unique_fd.h"

namespace thumbmill {
namespace {

std::string ReadProc(pid_t pid, const char* name) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  char text[1024];
  const ssize_t n = read(fd.get(), text, sizeof text);
  return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
}

struct Statm {
  std::uint64_t resident = 0, shared = 0, data = 0;  // bytes
};

Statm ReadStatm(pid_t pid) {
  const std::string text = ReadProc(pid, "statm");
  Statm pages;
  const int n =
      std::sscanf(text.c_str(), "%*u %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64,
                  &pages.resident, &pages.shared, &pages.data);
  if (n != 3) return {};
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {pages.resident * page, pages.shared * page, pages.data * page};
}

}  // namespace

Micros CpuTime(pid_t pid) {
  clockid_t clock;
  timespec time;
  // The CPU clock is finer than /proc/PID/stat, which counts in ticks of 10 ms.
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    return Micros(0);
  return std::chrono::duration_cast<Micros>(
      std::chrono::seconds(time.tv_sec) +
      std::chrono::nanoseconds(time.tv_nsec));
}

bool IsStopped(pid_t pid) {
  const std::string text = ReadProc(pid, "stat");
  // The file reads "pid (name) S …". The name may hold anything, also
  // parentheses, so the last one ends it.
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos || end + 2 >= text.size()) return false;
  const char state = text[end + 2];
  return state == 'T' || state == 't';
}

std::uint64_t PrivateBytes(pid_t pid) {
  const Statm statm = ReadStatm(pid);
  // `shared` counts resident pages of files and of shared memory, such as the
  // arenas.
  return statm.resident > statm.shared ? statm.resident - statm.shared : 0;
}

std::uint64_t DataBytes(pid_t pid) { return ReadStatm(pid).data; }

void LimitData(pid_t pid, std::uint64_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  // Fails only if the process is gone, or has lowered its own hard limit.
  (void)prlimit(pid, RLIMIT_DATA, &limit, nullptr);
}

void LimitCpu(pid_t pid, Micros total) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(total).count();
  const rlimit limit{static_cast<rlim_t>(seconds), RLIM_INFINITY};
  (void)prlimit(pid, RLIMIT_CPU, &limit, nullptr);
}

}  // namespace thumbmill
