#include "coordinator/compare/child_run.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/clock.h"
#include "common/unique_fd.h"

namespace thumbmill {
namespace {

constexpr int kCannotStart = 127;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) / 1e6;
}

sigset_t AskedToEnd() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
    sigaddset(&set, signal);
  return set;
}

// Starts `program` in a child process; `setup` runs in the child first. fork()
// is safe here: this process has no other thread, and the child makes only
// system calls until execvp().
Result<pid_t> Start(const char* program, const std::vector<std::string>& words,
                    const std::function<void()>& setup) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const sigset_t watched = AskedToEnd();
  // Block before fork(): Wait() could miss a SIGCHLD otherwise.
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return FailSystem("fork", errno);
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  // The parent may have died before prctl() took effect.
  if (getppid() != parent) _exit(kCannotStart);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setup();
  execvp(program, argv.data());
  _exit(kCannotStart);
}

// Waits until the child has ended, and passes stop signals on to it.
rusage Wait(pid_t pid, ChildResult* result) {
  const sigset_t watched = AskedToEnd();
  rusage usage{};
  int status = 0;
  while (wait4(pid, &status, WNOHANG, &usage) == 0) {
    siginfo_t info;
    const timespec limit{.tv_sec = 1, .tv_nsec = 0};
    const int signal = sigtimedwait(&watched, &info, &limit);
    if (signal <= 0 || signal == SIGCHLD) continue;
    result->interrupted = signal;
    kill(pid, signal);
  }
  if (WIFSIGNALED(status)) result->signal = WTERMSIG(status);
  if (WIFEXITED(status)) result->exit_code = WEXITSTATUS(status);
  return usage;
}

void ReadReport(const std::string& file, ChildResult* result) {
  std::ifstream in(file);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_object()) return;
  try {
    result->done = json.at("counts").at("done");
    result->failed = json.at("counts").at("failed");
    result->crashed =
        json.at("counts").at("failed_by_reason").value("crash", 0);
    result->bytes_in = json.at("bytes_in");
    result->copied_bytes = json.at("copied_bytes");
    result->message_bytes = json.at("message_bytes");
    result->seconds_to_first_image = json.at("seconds_to_first_image");
    const auto& memory = json.at("memory");
    result->private_bytes =
        memory.at("peak_coordinator_private_bytes").get<std::uint64_t>() +
        memory.at("peak_workers_private_bytes").get<std::uint64_t>();
    result->shared_bytes = memory.at("peak_shared_bytes");
    for (const auto& [stage, figures] : json.at("latency").items())
      result->stage_ms[stage] = figures.at("sum_ms");
  } catch (const nlohmann::json::exception&) {
    *result = ChildResult();  // the report of another version: use none
  }
}

}  // namespace

Result<ChildResult> RunChild(const std::vector<std::string>& arguments,
                             const std::string& report_file) {
  std::vector<std::string> words{"coordinator", "run"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  unlink(report_file.c_str());
  ChildResult result;
  const auto started = Now();
  ASSIGN_OR_RETURN(const pid_t pid, Start("/proc/self/exe", words, [] {}));
  const rusage usage = Wait(pid, &result);
  const std::chrono::duration<double> took = Now() - started;
  // ReadReport() may reset `result`: keep how the child ended.
  const ChildResult end = result;
  ReadReport(report_file, &result);
  result.exit_code = end.exit_code;
  result.signal = end.signal;
  result.interrupted = end.interrupted;
  result.seconds = took.count();
  result.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  result.context_switches =
      static_cast<std::uint64_t>(usage.ru_nvcsw + usage.ru_nivcsw);
  return result;
}

Result<std::string> ReadChildOutput(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"coordinator", "run"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return FailSystem("pipe", errno);
  UniqueFd reading(ends[0]), writing(ends[1]);
  const int out = writing.get();
  ASSIGN_OR_RETURN(const pid_t pid, Start("/proc/self/exe", words,
                                          [out] { dup2(out, STDOUT_FILENO); }));
  // Close this end, or read() would never see the end of the pipe.
  writing.Reset();
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(reading.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ChildResult result;
  (void)Wait(pid, &result);
  if (result.exit_code == 0) return text;
  return Fail(ErrorCode::kUsage, "the list of images could not be read");
}

Result<int> RunProgram(const std::vector<std::string>& words) {
  ChildResult result;
  ASSIGN_OR_RETURN(const pid_t pid, Start(words.front().c_str(), words, [] {}));
  (void)Wait(pid, &result);
  if (result.exit_code == kCannotStart)
    return Fail(ErrorCode::kNotFound, words.front() + " cannot be started");
  return result.exit_code;
}

}  // namespace thumbmill
