#include "common/path_walk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <utility>

namespace thumbmill {
namespace {

constexpr int kMostLinks = 40;  // the kernel's own limit

// Decides as fs.protected_symlinks does, without asking for a sticky bit. In a
// folder that everybody may write to, a stranger's link could lead anywhere.
bool MayFollow(const struct stat& folder, const struct stat& link) {
  return (folder.st_mode & S_IWOTH) == 0 || IsTrusted(link.st_uid) ||
         link.st_uid == folder.st_uid;
}

bool IsOnProc(int fd) {
  struct statfs system;
  return fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

// Resolves one path to a Place, part by part. open() alone would follow any
// link; here each link is checked before it is followed.
class Walk {
 public:
  Walk(const std::string& path, bool make)
      : path_(path), make_(make), ahead_(PartsBackwards(path)) {}

  Result<Place> Run() {
    RETURN_IF_ERROR(StartAt(path_.starts_with('/') ? "/" : "."));
    if (path_.empty()) return Failed(ENOENT);
    while (!ahead_.empty()) {
      const std::string name = std::move(ahead_.back());
      ahead_.pop_back();
      ASSIGN_OR_RETURN(const bool arrived, Step(name));
      if (arrived) return Place{std::move(at_), name, magic_};
    }
    return Place{std::move(at_), ".", false};
  }

 private:
  tl::unexpected<Error> Failed(int sys) const {
    return FailSystem("cannot open " + path_, sys);
  }

  Status StartAt(const char* folder) {
    at_.Reset(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (at_.valid()) return {};
    return Failed(errno);
  }

  // Opens the part `name` without following it. Makes a missing folder, but
  // never the last part.
  Result<UniqueFd> Open(const std::string& name) {
    constexpr int kLook = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd next(openat(at_.get(), name.c_str(), kLook));
    if (next.valid() || errno != ENOENT || ahead_.empty() || !make_) {
      if (next.valid()) return next;
      return Failed(errno);
    }
    if (mkdirat(at_.get(), name.c_str(), 0777) != 0 && errno != EEXIST)
      return FailSystem("cannot make a folder of " + path_, errno);
    next.Reset(openat(at_.get(), name.c_str(), kLook));
    if (next.valid()) return next;
    return Failed(errno);
  }

  // Goes one part further. Returns true if `name` in `at_` is the place.
  Result<bool> Step(const std::string& name) {
    Result<UniqueFd> next = Open(name);
    if (!next) {
      if (next.error().sys == ENOENT && ahead_.empty()) return true;
      return tl::unexpected<Error>(std::move(next).error());
    }
    struct stat st;
    if (fstat(next->get(), &st) != 0) return Failed(errno);
    if (S_ISLNK(st.st_mode)) return Follow(name, next->get(), st);
    if (ahead_.empty()) return true;
    at_ = std::move(*next);
    return false;
  }

  Result<bool> Follow(const std::string& name, int link,
                      const struct stat& st) {
    if (++links_ > kMostLinks) return Failed(ELOOP);
    struct stat folder;
    if (fstat(at_.get(), &folder) != 0) return Failed(errno);
    if (IsOnProc(at_.get())) return FollowMagic(name);
    if (!MayFollow(folder, st))
      return Fail(ErrorCode::kUsage,
                  fmt::format("{} leads through the link '{}' of {} in a "
                              "folder that all may write to: it is not "
                              "followed; remove the link or use another path",
                              path_, name, UserText(st.st_uid)),
                  ELOOP);
    std::array<char, PATH_MAX> text{};
    const ssize_t n = readlinkat(link, "", text.data(), text.size());
    if (n < 0) return Failed(errno);
    const std::string_view to(text.data(), static_cast<std::size_t>(n));
    if (to.starts_with('/')) RETURN_IF_ERROR(StartAt("/"));
    for (std::string& part : PartsBackwards(to))
      ahead_.push_back(std::move(part));
    return false;
  }

  // Follows a link of /proc without reading it: its text need not be a path
  // ("pipe:[17]"). Nobody can plant a link there, so it is always followed.
  Result<bool> FollowMagic(const std::string& name) {
    magic_ = ahead_.empty();
    if (magic_) return true;
    UniqueFd next(openat(at_.get(), name.c_str(), O_PATH | O_CLOEXEC));
    if (!next.valid()) return Failed(errno);
    at_ = std::move(next);
    return false;
  }

  const std::string& path_;
  bool make_;
  std::vector<std::string> ahead_;
  UniqueFd at_;
  int links_ = 0;
  bool magic_ = false;
};

}  // namespace

std::vector<std::string> PartsBackwards(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) names.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  std::reverse(names.begin(), names.end());
  return names;
}

bool IsTrusted(uid_t owner) { return owner == geteuid() || owner == 0; }

std::string UserText(uid_t user) { return fmt::format("user {}", user); }

Result<Place> WalkPath(const std::string& path, bool make) {
  return Walk(path, make).Run();
}

}  // namespace thumbmill
