// proto/worker_args.h: what a worker process is started with.
//
// Contract  `worker serve --endpoint=… --peer=… --input-fd=… --output-fd=…
//           --parent=PID --sandbox=MODE --tells=WHAT`; proto/PROTOCOL.md.
// Errors    Parse() fails with kUsage.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace thumbmill {

enum class SandboxMode {
  kOff,
  kAuto,     // what cannot be had is said once, and done without
  kRequire,  // what cannot be had ends the worker
};

[[nodiscard]] std::string_view ToWord(SandboxMode mode);
[[nodiscard]] Result<SandboxMode> ParseSandbox(std::string_view text);

// What of its sandbox a worker could not get, it says on stderr; one of them
// once, since all would say the same.
enum class Tells {
  kNothing,
  kFilter,  // that there is none
  kAll,     // also which additions there are not
};

[[nodiscard]] std::string_view ToWord(Tells tells);

// High, so that no descriptor that a library opens early is in the way.
constexpr int kWorkerInputFd = 200;
constexpr int kWorkerOutputFd = 201;
constexpr std::string_view kServeCommand = "serve";

// A worker that ends with this cannot be set up here, and said on stderr why:
// no other would fare better.
constexpr int kWorkerExitSetup = 4;

struct WorkerArgs {
  std::string endpoint;
  std::string peer;  // the routing id
  int input_fd = kWorkerInputFd;
  int output_fd = kWorkerOutputFd;
  int parent = 0;  // pid: the worker ends when it has another
  SandboxMode sandbox = SandboxMode::kAuto;
  Tells tells = Tells::kNothing;

  // With the command itself: what follows the program's name.
  [[nodiscard]] std::vector<std::string> ToArguments() const;
  // Without the program's name and the command.
  [[nodiscard]] static Result<WorkerArgs> Parse(
      const std::vector<std::string>& arguments);
};

}  // namespace thumbmill
