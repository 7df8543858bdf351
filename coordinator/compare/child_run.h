// coordinator/compare/child_run.h: runs this program once in a child process,
// and measures it from outside and by its report.
//
// Runs in  the main thread of a process without other threads. The child writes
//          its errors to the same stderr, and gets SIGTERM if this process
//          dies.
// Signals  SIGINT, SIGTERM and SIGHUP are passed on to the child, which then
//          stops in its usual way; `interrupted` holds the signal.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"

namespace thumbmill {

struct ChildResult {
  int exit_code = -1;
  int signal = 0;       // that ended the child; 0: it exited
  int interrupted = 0;  // the stop signal that this process got, or 0
  double seconds = 0;
  double cpu_seconds = 0;  // user and system, of the child and its workers
  std::uint64_t context_switches = 0;

  // The figures of its report; 0 if it left none.
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t crashed = 0;  // failed images with reason crash
  std::uint64_t bytes_in = 0;
  double seconds_to_first_image = 0;
  std::uint64_t private_bytes = 0;  // coordinator and workers, at their peaks
  std::uint64_t shared_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t message_bytes = 0;
  std::map<std::string, double> stage_ms;  // summed over all images
};

// Runs `coordinator run` with `arguments` and waits for it. The arguments must
// name `report_file` as the report.
[[nodiscard]] Result<ChildResult> RunChild(
    const std::vector<std::string>& arguments, const std::string& report_file);

// Runs the same for --dry-run, and returns its standard output.
[[nodiscard]] Result<std::string> ReadChildOutput(
    const std::vector<std::string>& arguments);

// Runs another program, found in PATH, and returns its exit code. Fails with
// kNotFound if it cannot be started.
[[nodiscard]] Result<int> RunProgram(const std::vector<std::string>& words);

}  // namespace thumbmill
