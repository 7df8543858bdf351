#include "common/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/own_files.h"

namespace thumbmill {
namespace {

std::string Owner() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("host {} process {}", host.data(), getpid());
}

std::string ReadOwner(int fd) {
  std::array<char, 300> text{};
  const ssize_t n = pread(fd, text.data(), text.size() - 1, 0);
  std::string owner(n > 0 ? text.data() : "unknown");
  // The file may hold any bytes, and the text goes to a terminal.
  for (char& c : owner)
    if (c < ' ' || c > '~') c = '?';
  return owner;
}

}  // namespace

Result<UniqueFd> TakeLock(int folder, const std::string& name,
                          const std::string& shown, const std::string& does) {
  ASSIGN_OR_RETURN(UniqueFd fd,
                   OpenOwnFile(folder, name, O_RDWR | O_CREAT, 0600, shown));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FailSystem("cannot lock " + shown, errno);
    return Fail(ErrorCode::kUsage, fmt::format("another coordinator {}: {}",
                                               does, ReadOwner(fd.get())));
  }
  // Truncate only after the lock is held: the text belongs to the holder.
  const std::string owner = Owner();
  if (ftruncate(fd.get(), 0) != 0 ||
      pwrite(fd.get(), owner.data(), owner.size(), 0) < 0)
    return FailSystem("cannot write " + shown, errno);
  return fd;
}

}  // namespace thumbmill
