#include "proto/worker_args.h"

#include <charconv>

namespace thumbmill {
namespace {

bool ReadNumber(std::string_view text, int* out) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && at == end && *out >= 0;
}

bool ReadSandboxLogging(std::string_view text, SandboxLogging* out) {
  for (const SandboxLogging logging :
       {SandboxLogging::kNothing, SandboxLogging::kFilter,
        SandboxLogging::kAll}) {
    if (text != ToString(logging)) continue;
    *out = logging;
    return true;
  }
  return false;
}

Status ReadArgument(std::string_view name, std::string_view value,
                    WorkerArgs* args) {
  bool good = true;
  if (name == "--endpoint") {
    args->endpoint = value;
  } else if (name == "--peer") {
    args->peer = value;
  } else if (name == "--input-fd") {
    good = ReadNumber(value, &args->input_fd);
  } else if (name == "--output-fd") {
    good = ReadNumber(value, &args->output_fd);
  } else if (name == "--parent") {
    good = ReadNumber(value, &args->parent);
  } else if (name == "--sandbox") {
    ASSIGN_OR_RETURN(args->sandbox, ParseSandbox(value));
  } else if (name == "--sandbox-logging") {
    good = ReadSandboxLogging(value, &args->sandbox_logging);
  } else {
    good = false;
  }
  if (good) return {};
  return Fail(ErrorCode::kUsage, "serve: cannot use " + std::string(name) +
                                     "=" + std::string(value));
}

}  // namespace

std::string_view ToString(SandboxMode mode) {
  switch (mode) {
    case SandboxMode::kOff:
      return "off";
    case SandboxMode::kAuto:
      return "auto";
    case SandboxMode::kRequire:
      return "require";
  }
  return "auto";
}

std::string_view ToString(SandboxLogging logging) {
  switch (logging) {
    case SandboxLogging::kNothing:
      return "nothing";
    case SandboxLogging::kFilter:
      return "filter";
    case SandboxLogging::kAll:
      return "all";
  }
  return "nothing";
}

Result<SandboxMode> ParseSandbox(std::string_view text) {
  for (const SandboxMode mode :
       {SandboxMode::kOff, SandboxMode::kAuto, SandboxMode::kRequire})
    if (text == ToString(mode)) return mode;
  return Fail(ErrorCode::kUsage, "a sandbox is off, auto or require, not '" +
                                     std::string(text) + "'");
}

std::vector<std::string> WorkerArgs::ToArguments() const {
  return {std::string(kServeCommand),
          "--endpoint=" + endpoint,
          "--peer=" + peer,
          "--input-fd=" + std::to_string(input_fd),
          "--output-fd=" + std::to_string(output_fd),
          "--parent=" + std::to_string(parent),
          "--sandbox=" + std::string(ToString(sandbox)),
          "--sandbox-logging=" + std::string(ToString(sandbox_logging))};
}

Result<WorkerArgs> WorkerArgs::Parse(
    const std::vector<std::string>& arguments) {
  WorkerArgs args;
  for (const std::string& argument : arguments) {
    const std::string_view text = argument;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos)
      return Fail(ErrorCode::kUsage, "serve: " + argument + " has no value");
    RETURN_IF_ERROR(
        ReadArgument(text.substr(0, equals), text.substr(equals + 1), &args));
  }
  if (args.endpoint.empty() || args.peer.empty() || args.parent == 0)
    return Fail(ErrorCode::kUsage,
                "serve needs --endpoint, --peer and --parent; it is started "
                "by the coordinator");
  return args;
}

}  // namespace thumbmill
