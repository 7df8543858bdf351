#include "common/unique_fd.h"

#include <unistd.h>

namespace thumbmill {

void UniqueFd::Reset(int fd) {
  // Never repeat close() after EINTR: on Linux the descriptor is closed anyway,
  // and another thread may have its number by now.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace thumbmill
