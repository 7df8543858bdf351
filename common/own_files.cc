#include "common/own_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "common/path_walk.h"

namespace thumbmill {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

bool g_stdin_was_closed = false;

// ---- beneath -------------------------------------------------------------

// Does the work of openat2() on kernels before 5.6 and under system-call
// filters that do not know it. Unlike openat2(), this enters a bind mount of
// the same file system; a later rename() across it then fails.
Result<UniqueFd> OpenStepByStep(int root, const std::string& relative) {
  struct stat top;
  if (fstat(root, &top) != 0) return FailSystem("cannot open it", errno);
  UniqueFd at(openat(root, ".", kFolder));
  std::vector<std::string> ahead = PartsBackwards(relative);
  for (; at.valid() && !ahead.empty(); ahead.pop_back()) {
    const std::string& name = ahead.back();
    if (name == "..") return FailSystem("cannot open it", EXDEV);
    UniqueFd next(openat(at.get(), name.c_str(), kFolder));
    struct stat st;
    if (!next.valid()) {
      // O_DIRECTORY makes a link fail with ENOTDIR; callers expect ELOOP.
      const int sys = errno;
      const bool link =
          sys == ENOTDIR &&
          fstatat(at.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISLNK(st.st_mode);
      return FailSystem("cannot open it", link ? ELOOP : sys);
    }
    if (fstat(next.get(), &st) != 0 || st.st_dev != top.st_dev)
      return FailSystem("cannot open it", EXDEV);
    at = std::move(next);
  }
  if (!at.valid()) return FailSystem("cannot open it", errno);
  return at;
}

int OpenAt2(int root, const char* relative, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                RESOLVE_NO_XDEV;
  return static_cast<int>(
      syscall(SYS_openat2, root, relative, &how, sizeof how));
}

// ---- private -------------------------------------------------------------

Status CheckPrivate(int fd, const std::string& shown) {
  struct stat st;
  if (fstat(fd, &st) != 0) return FailSystem("cannot look at " + shown, errno);
  if (!IsTrusted(st.st_uid))
    return Fail(ErrorCode::kUsage,
                fmt::format("{} belongs to {}, who may have prepared it, and "
                            "not to {}; remove it, give it to the user who "
                            "runs this (chown -R), or use another place",
                            shown, UserText(st.st_uid), UserText(geteuid())));
  if ((st.st_mode & kOthersWrite) == 0) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("others may write to {} (mode {:04o}); take that "
                          "right away (chmod go-w {}) or use another place",
                          shown, st.st_mode & 07777u, shown));
}

const char* FaultOf(const struct stat& st) {
  if (S_ISLNK(st.st_mode)) return "is a link";
  if (!S_ISREG(st.st_mode)) return "is no regular file";
  if (st.st_nlink > 1) return "has a second name (a hard link)";
  if (!IsTrusted(st.st_uid)) return "belongs to another user";
  return nullptr;
}

Status CheckOwn(const struct stat& st, const std::string& shown) {
  const char* fault = FaultOf(st);
  if (fault == nullptr) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} {}, so it is no file of ours; remove it and run "
                          "the same command again",
                          shown, fault));
}

}  // namespace

Result<Place> FindPlace(const std::string& path, bool make) {
  return WalkPath(path, make);
}

Result<UniqueFd> OpenNamedFolder(const std::string& path, mode_t mode) {
  ASSIGN_OR_RETURN(const Place place, FindPlace(path, true));
  const int flags = place.magic ? kFolder & ~O_NOFOLLOW : kFolder;
  const int at = place.folder.get();
  UniqueFd fd(openat(at, place.name.c_str(), flags));
  if (!fd.valid() && errno == ENOENT) {
    if (mkdirat(at, place.name.c_str(), mode) != 0 && errno != EEXIST)
      return FailSystem("cannot make the folder " + path, errno);
    fd.Reset(openat(at, place.name.c_str(), flags));
  }
  if (fd.valid()) return fd;
  return FailSystem("cannot open the folder " + path, errno);
}

Result<UniqueFd> OpenNamedFile(const std::string& path, int flags,
                               mode_t mode) {
  ASSIGN_OR_RETURN(const Place place, FindPlace(path, true));
  // FindPlace() has resolved all links: a link here now was planted since.
  if (!place.magic) flags |= O_NOFOLLOW;
  UniqueFd fd(
      openat(place.folder.get(), place.name.c_str(), flags | O_CLOEXEC, mode));
  if (fd.valid()) return fd;
  return FailSystem("cannot open " + path, errno);
}

Status MakeFolders(const std::string& path, mode_t mode) {
  Result<UniqueFd> folder = OpenNamedFolder(path, mode);
  if (folder) return {};
  return tl::unexpected<Error>(std::move(folder).error());
}

Result<UniqueFd> OpenBeneath(int root, const std::string& relative) {
  const char* path = relative.empty() ? "." : relative.c_str();
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  UniqueFd fd(OpenAt2(root, path, kFlags));
  // The folder may allow writing but not reading; O_PATH needs no read right.
  if (!fd.valid() && errno == EACCES)
    fd.Reset(OpenAt2(root, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) return fd;
  // Old container filters answer EPERM to a system call that they do not know.
  // The kernel answers EAGAIN if it cannot prove the result safe.
  if (errno == ENOSYS || errno == EPERM || errno == EAGAIN)
    return OpenStepByStep(root, relative);
  return FailSystem("cannot open it", errno);
}

Result<UniqueFd> OpenPrivateFolder(const std::string& path) {
  ASSIGN_OR_RETURN(UniqueFd fd, OpenNamedFolder(path, S_IRWXU));
  RETURN_IF_ERROR(CheckPrivate(fd.get(), path));
  return fd;
}

Result<UniqueFd> FindPrivateFolder(const std::string& path) {
  ASSIGN_OR_RETURN(const Place place, FindPlace(path, false));
  const int flags = place.magic ? kFolder & ~O_NOFOLLOW : kFolder;
  UniqueFd fd(openat(place.folder.get(), place.name.c_str(), flags));
  if (!fd.valid()) return FailSystem("cannot open the folder " + path, errno);
  RETURN_IF_ERROR(CheckPrivate(fd.get(), path));
  return fd;
}

Result<UniqueFd> OpenPrivateFolderAt(int folder, const std::string& name,
                                     const std::string& shown) {
  if (mkdirat(folder, name.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    const int sys = errno;  // no error if the folder exists, as a read-only one
    if (faccessat(folder, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0)
      return FailSystem("cannot make the folder " + shown, sys);
  }
  UniqueFd fd(openat(folder, name.c_str(), kFolder));
  if (!fd.valid()) {
    struct stat st;
    const int sys = errno;
    if (fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(st.st_mode))
      return Fail(ErrorCode::kUsage,
                  fmt::format("{} is a link, and is not followed; remove it "
                              "and run the same command again",
                              shown),
                  ELOOP);
    return FailSystem("cannot open the folder " + shown, sys);
  }
  RETURN_IF_ERROR(CheckPrivate(fd.get(), shown));
  return fd;
}

Result<UniqueFd> OpenOwnFile(int folder, const std::string& name, int flags,
                             mode_t mode, const std::string& shown) {
  // Another user may have put a FIFO or a device here: O_NONBLOCK keeps open()
  // from waiting, O_NOCTTY keeps a terminal from becoming ours.
  UniqueFd fd(openat(folder, name.c_str(),
                     flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                     mode));
  struct stat st;
  if (fd.valid()) {
    if (fstat(fd.get(), &st) != 0)
      return FailSystem("cannot look at " + shown, errno);
    RETURN_IF_ERROR(CheckOwn(st, shown));
    return fd;
  }
  // If open() failed because of a planted file, say so rather than ELOOP.
  const int sys = errno;
  if (fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0)
    RETURN_IF_ERROR(CheckOwn(st, shown));
  return FailSystem("cannot open " + shown, sys);
}

Status CloseToOthers(int folder, const std::string& name,
                     const std::string& shown) {
  Result<UniqueFd> file = OpenOwnFile(folder, name, O_RDONLY, 0, shown);
  if (!file) {
    if (file.error().sys == ENOENT) return {};
    return tl::unexpected<Error>(std::move(file).error());
  }
  struct stat st;
  if (fstat(file->get(), &st) != 0)
    return FailSystem("cannot look at " + shown, errno);
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if ((st.st_mode & kOthers) == 0 ||
      fchmod(file->get(), st.st_mode & S_IRWXU) == 0)
    return {};
  return FailSystem("cannot take the rights of others to " + shown + " away",
                    errno);
}

void FillStdio() {
  // Each mode is the wrong one on purpose: reading from a closed stdin and
  // writing to a closed stdout must fail, as they would without /dev/null.
  constexpr std::array<int, 3> kModes{O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd = 0; fd < static_cast<int>(kModes.size()); ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (fd == STDIN_FILENO) g_stdin_was_closed = true;
    // Children inherit standard descriptors, so O_CLOEXEC is not set.
    if (open("/dev/null", kModes[static_cast<std::size_t>(fd)]) < 0)
      (void)open("/", O_PATH);
  }
}

bool StdinWasClosed() { return g_stdin_was_closed; }

}  // namespace thumbmill
