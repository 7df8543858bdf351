#include "coordinator/exec/worker_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace thumbmill {
namespace {

bool IsProgram(const std::string& path) {
  struct stat st;
  return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<std::string> FindWorkerProgram(const std::string& given) {
  if (!given.empty()) {
    if (IsProgram(given)) return given;
    return Fail(ErrorCode::kNotFound, "the worker program " + given +
                                          " is missing, or cannot be executed");
  }
  // This link names the program however it was started, also through PATH.
  std::array<char, 4096> self;
  const ssize_t n = readlink("/proc/self/exe", self.data(), self.size());
  if (n <= 0) return FailSystem("cannot read the link /proc/self/exe", errno);
  const std::string path(self.data(), static_cast<std::size_t>(n));
  const std::string folder = path.substr(0, path.rfind('/'));
  for (const char* place : {"/worker", "/../worker/worker"})
    if (IsProgram(folder + place)) return folder + place;
  return Fail(ErrorCode::kNotFound,
              "the program 'worker' is not beside " + path +
                  "; install both programs in one folder");
}

}  // namespace thumbmill
