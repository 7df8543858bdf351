// coordinator: the program that people start. Parses the command line, runs the
// command, and returns its exit code.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/own_files.h"
#include "common/printable.h"
#include "coordinator/cli/cli.h"
#include "coordinator/cli/exit_codes.h"
#include "coordinator/compare/compare.h"
#include "coordinator/loop/signals.h"
#include "coordinator/run.h"

namespace {

using thumbmill::Command;
using thumbmill::CommandRow;
using thumbmill::CompareCommand;
using thumbmill::CompareOptions;
using thumbmill::kExitFatal;
using thumbmill::kExitUsage;
using thumbmill::Result;
using thumbmill::RunOptions;

// Ends the process when operator new fails, in any thread. Nothing needs to be
// unwound: journal records are safe, and workers end with their parent.
[[noreturn]] void OutOfMemory() {
  constexpr std::string_view kText =
      "coordinator: out of memory; what is finished is kept, the same command "
      "continues\n";
  [[maybe_unused]] const ssize_t n =
      write(STDERR_FILENO, kText.data(), kText.size());
  _exit(kExitFatal);
}

// Ends the process after an exception of a library in any thread. If a thread
// or memory was refused, the user can run the command again. Any other
// exception is a bug and leaves a core.
[[noreturn]] void Terminate() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::system_error& error) {
    std::fprintf(stderr,
                 "coordinator: %s; what is finished is kept, the same command "
                 "continues\n",
                 error.what());
    _exit(kExitFatal);
  } catch (const std::bad_alloc&) {
    OutOfMemory();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coordinator: a bug of thumbmill: %s\n", error.what());
  }
  std::abort();
}

// The commands, a row each. The first one is the default.
std::span<const CommandRow> Commands();

int Usage(const std::string& error) {
  std::fprintf(stderr, "coordinator: %s\nTry 'coordinator --help'.\n",
               thumbmill::Printable(error).c_str());
  return kExitUsage;
}

void Print(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
}

// Lets a stop signal end the process meanwhile: a file of the command line may
// be a pipe without a writer.
Result<Command> Parse(const std::vector<std::string>& arguments) {
  const thumbmill::EndAtSignals end;
  return thumbmill::ParseCommandLine(arguments);
}

thumbmill::Status OpenLog(const thumbmill::LogOptions& options) {
  const thumbmill::EndAtSignals end;
  return thumbmill::InitLog(options);
}

int MainRun(const std::vector<std::string>& arguments) {
  Result<Command> command = Parse(arguments);
  if (!command) return Usage(command.error().what);
  if (std::holds_alternative<thumbmill::ShowHelp>(*command)) {
    Print(stdout, thumbmill::HelpText(Commands()));
    return 0;
  }
  if (std::holds_alternative<thumbmill::ShowVersion>(*command)) {
    std::puts("thumbmill " THUMBMILL_VERSION);
    return 0;
  }
  const RunOptions& options = std::get<RunOptions>(*command);
  if (thumbmill::Status log = OpenLog(options.log); !log)
    return Usage("--log-file: " + log.error().what);
  return thumbmill::Run(options);
}

int MainCompare(const std::vector<std::string>& arguments) {
  Result<CompareCommand> command = thumbmill::ParseCompare(arguments);
  if (!command) {
    std::fprintf(stderr, "coordinator: %s\nTry 'coordinator compare --help'.\n",
                 thumbmill::Printable(command.error().what).c_str());
    return kExitUsage;
  }
  if (std::holds_alternative<thumbmill::ShowCompareHelp>(*command)) {
    Print(stdout, thumbmill::CompareHelpText());
    return 0;
  }
  if (thumbmill::Status log = thumbmill::InitLog({}); !log)
    return Usage(log.error().what);
  return thumbmill::Compare(std::get<CompareOptions>(*command));
}

std::span<const CommandRow> Commands() {
  static constexpr CommandRow kCommands[] = {
      {"run", "-i SRC -o DST -s SIZE [flags]", "makes thumbnails", MainRun},
      {"compare", "-i SRC -s SIZE [flags]",
       "measures one job with each backend (see compare --help)", MainCompare},
  };
  return kCommands;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    Print(stderr, thumbmill::UsageText(Commands()));
    return kExitUsage;
  }
  const std::string& first = arguments.front();
  if (const CommandRow* command = thumbmill::FindCommand(Commands(), first))
    return command->run({arguments.begin() + 1, arguments.end()});
  if (const CommandRow* near = thumbmill::NearestCommand(Commands(), first))
    return Usage("'" + first + "' is neither a command nor a file; did you " +
                 "mean '" + std::string(near->name) + "'?");
  return MainRun(arguments);
}

}  // namespace

// main() may throw std::bad_alloc, which ends the program.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  thumbmill::FillStdio();
  std::set_new_handler(OutOfMemory);
  std::set_terminate(Terminate);
  thumbmill::BlockSignals();
  return Main(std::vector<std::string>(argv + 1, argv + argc));
}
