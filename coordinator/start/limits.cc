#include "coordinator/start/limits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "common/thread.h"

namespace thumbmill {
namespace {

// Open files of an idle run, and of each worker (its process, its shared
// memory, its connection). Measured were 25 and 4; the rest is reserve.
constexpr std::uint64_t kOwnDescriptors = 64;
constexpr std::uint64_t kWorkerDescriptors = 8;
// Starting a worker moves its descriptors to fixed numbers and needs free
// numbers above those (coordinator/pool/spawn.cc).
constexpr std::uint64_t kLeastDescriptors = 256;

// The threads of the lister, the committer, ZeroMQ and a name lookup.
constexpr std::size_t kOtherThreads = 5;

// Raises the limit on open files: thousands of connections need more than the
// usual 1,024.
Status ReserveDescriptors(const RunOptions& options) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return FailSystem("getrlimit", errno);
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  // The limit on the size of a file is raised too, for the journal and outputs.
  rlimit size;
  if (getrlimit(RLIMIT_FSIZE, &size) == 0) {
    size.rlim_cur = size.rlim_max;
    (void)setrlimit(RLIMIT_FSIZE, &size);
  }
  std::uint64_t needed = kOwnDescriptors + options.downloads;
  if (options.backend == Backend::kProcesses)
    needed += kWorkerDescriptors * options.workers;
  needed += options.target.descriptors;
  needed = std::max(needed, kLeastDescriptors);
  if (limit.rlim_max >= needed) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} open files are allowed (ulimit -n), {} may be "
                          "needed; fewer --downloads or --workers need fewer",
                          limit.rlim_max, needed));
}

Status ReserveThreads(const RunOptions& options) {
  const bool processes = options.backend == Backend::kProcesses;
  RETURN_IF_ERROR(CanHaveThreads(kIoThreads + kOtherThreads +
                                 (processes ? 0 : options.workers)));
  if (!processes) return {};
  Status scheduling = CanSetScheduling();
  if (!scheduling) scheduling.error().what += ", or use --backend threads";
  return scheduling;
}

}  // namespace

Status ReserveLimits(const RunOptions& options) {
  RETURN_IF_ERROR(ReserveDescriptors(options));
  return ReserveThreads(options);
}

}  // namespace thumbmill
