#include "worker/sandbox/namespaces.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace thumbmill {
namespace {

tl::unexpected<Error> Unavailable(const char* what) {
  const int error = errno;
  return Fail(ErrorCode::kUnavailable, SystemError(what, error).what, error);
}

// Replaces the root by an empty tmpfs, as small as a tmpfs can be. The tmpfs is
// mounted over the root itself, so that no folder needs to exist; the ".." of a
// root leads to the mount that covers it.
Status EmptyTheRoot() {
  constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  // Else other mount namespaces would see the mount.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return Unavailable("making mounts private");
  if (mount("none", "/", "tmpfs", kInert, "size=4k,nr_inodes=2,mode=555") != 0)
    return Unavailable("mounting an empty root");
  if (chdir("/..") != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
    return Unavailable("entering an empty root");
  // The old root lies on top of the new one.
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    return Unavailable("leaving the old root");
  if (mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kInert,
            nullptr) != 0)
    return Unavailable("making the root read-only");
  return {};
}

}  // namespace

Status EnterNamespaces() {
  constexpr int kWithoutUser = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
  // Root needs no user namespace to get the others, and may not get one.
  if (unshare(CLONE_NEWUSER | kWithoutUser) != 0 && unshare(kWithoutUser) != 0)
    return Unavailable("unshare");
  return EmptyTheRoot();
}

Status LeaveNetwork() {
  if (unshare(CLONE_NEWNET) == 0) return {};
  return Unavailable("unshare of the network");
}

Status DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (syscall(SYS_capset, &header, none.data()) == 0) return {};
  return Unavailable("capset");
}

}  // namespace thumbmill
