#include "common/unique_fd.h"

#include <unistd.h>

namespace thumbmill {

void UniqueFd::Reset(int fd) {
  // close() is not repeated on EINTR: on Linux the descriptor is gone anyway.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace thumbmill
