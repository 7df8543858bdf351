// The worker program, which decodes and encodes images. The coordinator starts
// it with `serve`; people start it with `thumbnail`.
#include <cstdio>
#include <string>
#include <vector>

#include "common/own_files.h"
#include "common/printable.h"
#include "proto/worker_args.h"
#include "worker/serve.h"
#include "worker/thumbnail_command.h"

namespace {

constexpr int kExitUsage = 1;

int Serve(const std::vector<std::string>& arguments) {
  const auto args = thumbmill::WorkerArgs::Parse(arguments);
  if (args) return thumbmill::Serve(*args);
  std::fprintf(stderr, "worker: %s\n",
               thumbmill::Printable(args.error().what).c_str());
  return kExitUsage;
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
// A finding of the sanitizer must be a crash like any other, charged to the
// image.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
#endif

int main(int argc, char** argv) {
  thumbmill::FillStdio();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == thumbmill::kServeCommand)
    return Serve({arguments.begin() + 1, arguments.end()});
  return thumbmill::RunThumbnailCommand(arguments);
}
