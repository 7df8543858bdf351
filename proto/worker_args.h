// proto/worker_args.h: the command line of a worker process.
//
// Contract  `worker serve --endpoint=… --peer=… --input-fd=… --output-fd=…
//           --parent=PID --sandbox=MODE --sandbox-logging=WORD`;
//           proto/PROTOCOL.md.
// Errors    Parse() fails with kUsage.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace thumbmill {

enum class SandboxMode {
  kOff,
  kAuto,     // works without the layers that are missing
  kRequire,  // exits if the filter of system calls is missing
};

[[nodiscard]] std::string_view ToString(SandboxMode mode);
[[nodiscard]] Result<SandboxMode> ParseSandbox(std::string_view text);

// How much a worker logs about sandbox layers that it could not enable. Only
// the first worker of a run logs; the others would repeat it.
enum class SandboxLogging {
  kNothing,
  kFilter,  // that the filter of system calls is missing
  kAll,     // also which additional layers are missing
};

[[nodiscard]] std::string_view ToString(SandboxLogging logging);

// These numbers are high, so that no library has taken them before.
constexpr int kWorkerInputFd = 200;
constexpr int kWorkerOutputFd = 201;
constexpr std::string_view kServeCommand = "serve";

// Exit code of a worker that cannot be set up here. It has written the reason
// to stderr. No other worker would fare better.
constexpr int kWorkerExitSetup = 4;

struct WorkerArgs {
  std::string endpoint;
  std::string peer;  // the routing id
  int input_fd = kWorkerInputFd;
  int output_fd = kWorkerOutputFd;
  int parent = 0;  // pid; the worker exits when its parent is another process
  SandboxMode sandbox = SandboxMode::kAuto;
  SandboxLogging sandbox_logging = SandboxLogging::kNothing;

  // Returns the arguments after the program's name, with the command.
  [[nodiscard]] std::vector<std::string> ToArguments() const;
  // Reads the arguments after the command.
  [[nodiscard]] static Result<WorkerArgs> Parse(
      const std::vector<std::string>& arguments);
};

}  // namespace thumbmill
