#include "coordinator/loop/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace thumbmill {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Returns the process's cgroup path for a controller ("" is the v2 hierarchy).
std::string CgroupPath(const std::string& controller) {
  // Each line is ID:CONTROLLERS:PATH. The v2 hierarchy has no controllers here,
  // and v1 may mount several together ("cpu,cpuacct").
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (names == controller ||
        (!controller.empty() &&
         ("," + names + ",").find("," + controller + ",") != std::string::npos))
      return line.substr(second + 1);
  }
  return "";
}

// Calls `visit` with the folder of the process's cgroup and of each parent,
// since a limit of any parent applies too.
template <typename Visit>
void WalkCgroup(const std::string& root, std::string path, Visit visit) {
  while (true) {
    visit(root + path);
    if (path.empty() || path == "/") return;
    path.resize(path.rfind('/'));
  }
}

// Returns the smallest quota in CPUs, or infinity if there is none. The first
// walk reads cgroup v2, the second v1; a machine may use both.
double CpuQuota() {
  double quota = std::numeric_limits<double>::infinity();
  WalkCgroup("/sys/fs/cgroup", CgroupPath(""), [&](const std::string& dir) {
    std::istringstream line(FirstLine(dir + "/cpu.max"));
    double most = 0, period = 0;
    if (line >> most >> period && period > 0)
      quota = std::min(quota, most / period);
  });
  WalkCgroup(
      "/sys/fs/cgroup/cpu", CgroupPath("cpu"), [&](const std::string& dir) {
        const std::string most = FirstLine(dir + "/cpu.cfs_quota_us");
        const std::string period = FirstLine(dir + "/cpu.cfs_period_us");
        if (most.empty() || most[0] == '-' || period.empty()) return;
        quota = std::min(quota, std::atof(most.c_str()) /
                                    std::max(1.0, std::atof(period.c_str())));
      });
  return quota;
}

std::uint64_t CgroupMemory() {
  std::uint64_t least = kUnlimited;
  const auto read = [&](const std::string& file) {
    // "max" (v2) is no limit.
    const std::string line = FirstLine(file);
    if (line.empty() || line[0] < '0' || line[0] > '9') return;
    least = std::min<std::uint64_t>(least,
                                    std::strtoull(line.c_str(), nullptr, 10));
  };
  WalkCgroup("/sys/fs/cgroup", CgroupPath(""),
             [&](const std::string& dir) { read(dir + "/memory.max"); });
  WalkCgroup(
      "/sys/fs/cgroup/memory", CgroupPath("memory"),
      [&](const std::string& dir) { read(dir + "/memory.limit_in_bytes"); });
  return least;
}

// Returns the number after `word`, which must start a line.
std::optional<std::uint64_t> Counter(const std::string& path,
                                     const std::string& word) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(word + " "))
      return std::strtoull(line.c_str() + word.size(), nullptr, 10);
  return std::nullopt;
}

}  // namespace

std::size_t UsableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
  const double quota = std::ceil(CpuQuota());
  const double usable = std::min(static_cast<double>(cpus), quota);
  return static_cast<std::size_t>(std::max(1.0, usable));
}

std::uint64_t UsableMemory() {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(pages * page, CgroupMemory());
}

std::uint64_t OomKills() {
  std::optional<std::uint64_t> kills;
  // Uses the nearest cgroup that has a counter: the kernel counts a killed
  // process in the cgroup of that process.
  const auto read = [&](const std::string& file) {
    if (!kills) kills = Counter(file, "oom_kill");
  };
  WalkCgroup("/sys/fs/cgroup", CgroupPath(""),
             [&](const std::string& dir) { read(dir + "/memory.events"); });
  WalkCgroup(
      "/sys/fs/cgroup/memory", CgroupPath("memory"),
      [&](const std::string& dir) { read(dir + "/memory.oom_control"); });
  read("/proc/vmstat");
  return kills.value_or(0);
}

void ScheduleAsBatch() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  const sched_param none{};
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

}  // namespace thumbmill
