#include "coordinator/view/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/fail_point.h"

namespace thumbmill {

WholeFile::WholeFile(int folder, const std::string& name, bool magic)
    : folder_(folder),
      name_(name),
      temporary_(name + ".new"),
      follow_(magic ? 0 : O_NOFOLLOW) {}

WholeFile::~WholeFile() {
  if (fd_.valid() && !direct_) unlinkat(folder_, temporary_.c_str(), 0);
}

Status WholeFile::Open(mode_t mode) {
  struct stat st;
  direct_ = fstatat(folder_, name_.c_str(), &st,
                    follow_ != 0 ? AT_SYMLINK_NOFOLLOW : 0) == 0 &&
            !S_ISREG(st.st_mode);
  if (direct_) {
    // open() must not wait for the reader of a FIFO, hence O_NONBLOCK.
    fd_.Reset(openat(folder_, name_.c_str(),
                     O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | follow_));
  } else {
    // A killed run may have left it; O_EXCL would fail then.
    unlinkat(folder_, temporary_.c_str(), 0);
    fd_.Reset(openat(folder_, temporary_.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                     mode));
  }
  if (!fd_.valid()) return FailSystem("cannot write " + name_, errno);
  return {};
}

Status WholeFile::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd_.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailSystem("cannot write " + name_, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status WholeFile::Finish() {
  TM_FAIL_POINT("report-unnamed");
  if (!direct_ &&
      renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0)
    return FailSystem("cannot write " + name_, errno);
  TM_FAIL_POINT("report-named");
  fd_.Reset();
  return {};
}

}  // namespace thumbmill
