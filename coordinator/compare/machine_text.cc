#include "coordinator/compare/machine_text.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <ctime>
#include <fstream>

#include "coordinator/loop/machine.h"

namespace thumbmill {
namespace {

std::string ProcessorName() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

}  // namespace

std::string MachineText() {
  utsname system{};
  uname(&system);
  return fmt::format("{}, {} cores, {} {}", ProcessorName(), UsableCpus(),
                     system.sysname, system.release);
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  localtime_r(&now, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

}  // namespace thumbmill
