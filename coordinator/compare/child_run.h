// coordinator/compare/child_run.h: one run of this program, in a child process,
// measured from outside and from its report.
//
// Runs in  the main thread of a process that has no other. The child gets our
//          stderr (its errors), and SIGTERM when we die.
// Signals  SIGINT, SIGTERM and SIGHUP that reach us meanwhile are passed on;
//          the child then stops as it does, and `interrupted` says so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"

namespace thumbmill {

struct ChildResult {
  int exit_code = -1;
  int signal = 0;       // that ended it; 0: it exited
  int interrupted = 0;  // the signal that asked us to end
  double seconds = 0;
  double cpu_seconds = 0;  // user and system, of it and of its workers
  std::uint64_t context_switches = 0;

  // From its report; 0 when it left none.
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t crashed = 0;  // of the failed: named as what crashed a worker
  std::uint64_t bytes_in = 0;
  double seconds_to_first_image = 0;
  std::uint64_t private_bytes = 0;  // coordinator and workers, at their peaks
  std::uint64_t shared_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t message_bytes = 0;
  std::map<std::string, double> stage_ms;  // summed over all images
};

// `arguments` are those of `coordinator run`; the report is read from
// `report_file`, which they must name.
[[nodiscard]] Result<ChildResult> RunChild(
    const std::vector<std::string>& arguments, const std::string& report_file);

// Its standard output instead, for --dry-run.
[[nodiscard]] Result<std::string> ReadChildOutput(
    const std::vector<std::string>& arguments);

// Another program, found in PATH: its exit code. kNotFound: there is none.
[[nodiscard]] Result<int> RunProgram(const std::vector<std::string>& words);

}  // namespace thumbmill
