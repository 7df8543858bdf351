// Links: tm_pool tm_common
#include "coordinator/pool/spawn.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace thumbmill {
namespace {

constexpr int kNoNamespace = 99;

// Runs `body` in its own process namespace, so that a mistaken kill cannot end
// all processes of this user. Returns the exit code; SIGKILL gives 128 + 9.
int InOwnNamespace(const std::function<int()>& body) {
  const pid_t outer = fork();
  if (outer == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(kNoNamespace);
    const pid_t inner = fork();
    if (inner == 0) _exit(body());
    int status = 0;
    waitpid(inner, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  int status = 0;
  waitpid(outer, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Returns 1 if Spawn() failed and a bystander lives, as it should be.
int SpawnWithoutDescriptors() {
  const pid_t bystander = fork();
  if (bystander == 0) {
    while (true) pause();
  }
  const int next = dup(0);
  const rlimit limit{static_cast<rlim_t>(next), static_cast<rlim_t>(next)};
  close(next);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
  const bool spawned = Spawn({"/bin/true", {}, {}}).has_value();
  const bool lives = waitpid(bystander, nullptr, WNOHANG) == 0;
  kill(bystander, SIGKILL);
  waitpid(bystander, nullptr, 0);
  return !spawned && lives ? 1 : 3;
}

TEST(Spawn, WithoutDescriptorsFailsAndKillsNobody) {
  const int code = InOwnNamespace(SpawnWithoutDescriptors);
  if (code == kNoNamespace) GTEST_SKIP() << "no process namespaces here";
  EXPECT_EQ(code, 1);
}

TEST(Spawn, TellsWhichProgramIsMissing) {
  const auto spawned = Spawn({"/nonexistent/program", {}, {}});
  ASSERT_FALSE(spawned);
  EXPECT_NE(spawned.error().what.find("/nonexistent/program"),
            std::string::npos);
}

}  // namespace
}  // namespace thumbmill
