// coordinator: the program that people start. Parses the command line, runs the
// command, and returns its exit code.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/own_files.h"
#include "common/printable.h"
#include "coordinator/cli/cli.h"
#include "coordinator/compare/compare.h"
#include "coordinator/loop/signals.h"
#include "coordinator/run.h"

namespace {

using thumbmill::Command;
using thumbmill::CompareCommand;
using thumbmill::CompareOptions;
using thumbmill::Result;
using thumbmill::RunOptions;

constexpr int kExitUsage = 1;
constexpr int kExitFatal = 4;

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

int Usage(const std::string& what) {
  std::fprintf(stderr, "coordinator: %s\nTry 'coordinator --help'.\n",
               thumbmill::Printable(what).c_str());
  return kExitUsage;
}

int MainCompare(const std::vector<std::string>& arguments) {
  Result<CompareCommand> command = thumbmill::ParseCompare(arguments);
  if (!command) {
    std::fprintf(stderr, "coordinator: %s\nTry 'coordinator compare --help'.\n",
                 thumbmill::Printable(command.error().what).c_str());
    return kExitUsage;
  }
  if (std::holds_alternative<thumbmill::ShowCompareHelp>(*command)) {
    const std::string_view help = thumbmill::CompareHelpText();
    std::fwrite(help.data(), 1, help.size(), stdout);
    return 0;
  }
  if (thumbmill::Status log = thumbmill::InitLog({}); !log)
    return Usage(log.error().what);
  return thumbmill::Compare(std::get<CompareOptions>(*command));
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

int Main(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments.front() == "compare")
    return MainCompare({arguments.begin() + 1, arguments.end()});
  Result<Command> command = Parse(arguments);
  if (!command) return Usage(command.error().what);
  if (std::holds_alternative<thumbmill::ShowHelp>(*command)) {
    const std::string_view help = thumbmill::HelpText();
    std::fwrite(help.data(), 1, help.size(), stdout);
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
