#include "common/fail_point.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace thumbmill {
namespace {

// The fail point of THUMBMILL_FAIL_POINT. n is 0 if the variable is not set.
struct Chosen {
  std::string name;
  long n = 0;
  int signal = SIGKILL;
};

Chosen Choose() {
  Chosen chosen;
  const char* text = std::getenv("THUMBMILL_FAIL_POINT");
  if (text == nullptr) return chosen;
  const std::string all(text);
  const std::size_t first = all.find(':');
  if (first == std::string::npos) return chosen;
  chosen.name = all.substr(0, first);
  chosen.n = std::strtol(all.c_str() + first + 1, nullptr, 10);
  if (all.ends_with(":stop")) chosen.signal = SIGSTOP;
  return chosen;
}

}  // namespace

void ReachFailPoint(const char* name) {
  static const Chosen chosen = Choose();
  static std::atomic<long> times{0};
  if (chosen.n == 0 || chosen.name != name) return;
  if (times.fetch_add(1) + 1 == chosen.n) kill(getpid(), chosen.signal);
}

}  // namespace thumbmill
