#include "coordinator/exec/worker_start.h"

#include <unistd.h>

#include "coordinator/exec/credit.h"

namespace thumbmill {

ArenaLayout OutputLayout(const ProcessOptions& options) {
  ArenaLayout layout;
  layout.slots = kCreditMost + 1;  // one more for the flight record
  layout.slot_bytes = options.max_output_bytes;
  layout.keep_bytes = options.kept_output_bytes;
  layout.name = "thumbmill-outputs";
  return layout;
}

Welcome WelcomeFor(const ProcessOptions& options, const Arena* inputs) {
  Welcome welcome;
  welcome.recipe = options.recipe;
  if (inputs != nullptr) welcome.input_bytes = inputs->size_bytes();
  return welcome;
}

SpawnRequest StartRequest(const ProcessOptions& options, const Arena& inputs,
                          const WorkerProcess& worker,
                          const std::string& endpoint, SandboxLogging logging) {
  WorkerArgs args;
  args.endpoint = endpoint;
  args.peer = worker.id();
  args.parent = getpid();
  args.sandbox = options.sandbox;
  args.sandbox_logging = logging;
  SpawnRequest request;
  request.program = options.worker_program;
  request.arguments = args.ToArguments();
  request.descriptors = {{inputs.reader_fd(), args.input_fd},
                         {worker.output()->writer_fd(), args.output_fd}};
  return request;
}

}  // namespace thumbmill
