#include "coordinator/cli/cli.h"

#include <algorithm>
#include <utility>

#include "coordinator/cli/cli_steps.h"
#include "coordinator/cli/flags.h"
#include "coordinator/loop/machine.h"
#include "coordinator/loop/signals.h"

namespace thumbmill {
namespace {

// More transfers at once than this are never useful, and each costs memory.
constexpr std::size_t kMostTransfers = 4096;

Status CompleteUserAgent(Draft* draft) {
  TransferOptions& transfer = draft->options.transfer;
  std::string& of_header = transfer.headers.user_agent;
  if (!draft->user_agent.empty() && !of_header.empty())
    return Fail(ErrorCode::kUsage,
                "--user-agent and a User-Agent --header: give one of them");
  transfer.user_agent = draft->user_agent.empty() ? std::exchange(of_header, {})
                                                  : draft->user_agent;
  if (IsHeaderValue(transfer.user_agent)) return {};
  return Fail(ErrorCode::kUsage,
              "--user-agent: holds a line break or another control character");
}

Status CompleteHeaders(Draft* draft) {
  RunOptions& options = draft->options;
  RequestHeaders& headers = options.transfer.headers;
  if (!draft->header_file.empty()) {
    // The file may be a pipe that nobody writes to: a signal must end the wait.
    UnblockSignals();
    const Status read = ReadHeaderFile(draft->header_file, &headers);
    BlockSignals();
    RETURN_IF_ERROR(read);
  }
  for (const std::string& text : draft->headers)
    RETURN_IF_ERROR(AddHeader("--header", text, &headers));
  for (const std::string& text : draft->put_headers)
    RETURN_IF_ERROR(AddHeader("--put-header", text, &options.put_headers));
  return CompleteUserAgent(draft);
}

void CompletePlacement(RunOptions* options) {
  options->downloads = std::min(options->downloads, kMostTransfers);
  options->uploads = std::min(options->uploads, kMostTransfers);
  if (options->workers == 0) options->workers = UsableCpus();
  if (options->backend == Backend::kSerial) options->workers = 1;
}

void CompleteView(Draft* draft) {
  RunOptions& options = draft->options;
  if (draft->verbose > 0)
    options.log.level = draft->verbose > 1 ? LogLevel::kDebug : LogLevel::kInfo;
  if (!options.quiet) return;
  options.log.level = LogLevel::kError;
  options.progress = ProgressMode::kNone;
}

Status Complete(Draft* draft) {
  if (draft->options.inputs.empty())
    return Fail(ErrorCode::kUsage,
                "no input: add for example -i urls.txt, -i photos/ or "
                "-i - for a list on stdin");
  RETURN_IF_ERROR(CompleteTarget(draft));
  RETURN_IF_ERROR(CompleteSizes(draft));
  RETURN_IF_ERROR(CheckNames(*draft));
  RETURN_IF_ERROR(CompleteHeaders(draft));
  CompletePlacement(&draft->options);
  CompleteView(draft);
  return {};
}

}  // namespace

Result<Command> ParseCommandLine(const std::vector<std::string>& arguments) {
  Draft draft;
  const FlagTable table = RunFlags(&draft);
  ASSIGN_OR_RETURN(const GivenFlags given,
                   GivenFlags::Read(table, arguments, /*takes_words=*/true));
  RETURN_IF_ERROR(given.CheckKnown());
  if (given.Has("--help")) return Command(ShowHelp{});
  if (given.Has("--version")) return Command(ShowVersion{});
  RETURN_IF_ERROR(given.Store());
  std::vector<std::string>& inputs = draft.options.inputs;
  inputs.insert(inputs.end(), given.words().begin(), given.words().end());
  RETURN_IF_ERROR(Complete(&draft));
  return Command(std::move(draft.options));
}

}  // namespace thumbmill
