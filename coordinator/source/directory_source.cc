#include "coordinator/source/directory_source.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>

#include "coordinator/source/list_entry.h"
#include "coordinator/source/name_parts.h"

namespace thumbmill {
namespace {

std::string RealPath(const std::string& path) {
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return "";
  std::string result(real);
  std::free(real);
  return result;
}

// Matches a glob that has a slash against the whole relative path, and any
// other glob against the name.
bool MatchesAny(const std::vector<std::string>& globs,
                const std::string& relative) {
  const std::string name = relative.substr(relative.rfind('/') + 1);
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const bool whole = glob.find('/') != std::string::npos;
    return fnmatch(glob.c_str(), (whole ? relative : name).c_str(), 0) == 0;
  });
}

}  // namespace

Result<std::unique_ptr<Source>> DirectorySource::Open(
    const DirectoryOptions& options) {
  auto source = std::unique_ptr<DirectorySource>(new DirectorySource(options));
  source->real_root_ = RealPath(options.root);
  if (source->real_root_.empty())
    return FailSystem("cannot read " + options.root, errno);
  source->FindForbidden();
  if (source->IsForbidden(options.root))
    return Fail(ErrorCode::kUsage,
                "the input folder " + options.root +
                    " is the output; write to another folder");
  if (auto unreadable = source->Enter(""))
    return Fail(ErrorCode::kUsage, options.root + ": " + unreadable->message);
  return source;
}

DirectorySource::~DirectorySource() = default;

void DirectorySource::FindForbidden() {
  forbidden_.clear();
  for (const std::string& path : options_.never_enter) {
    struct stat st;
    if (stat(path.c_str(), &st) == 0)
      forbidden_.emplace_back(st.st_dev, st.st_ino);
  }
}

bool DirectorySource::IsForbidden(const std::string& path) const {
  struct stat st;
  if (stat(path.c_str(), &st) != 0) return false;
  return std::find(forbidden_.begin(), forbidden_.end(),
                   FileId(st.st_dev, st.st_ino)) != forbidden_.end();
}

bool DirectorySource::LeadsInside(const std::string& path) const {
  // Compare whole parts: /a/bc does not lie inside /a/b.
  const std::string real = RealPath(path);
  return real.size() > real_root_.size() && real.starts_with(real_root_) &&
         (real_root_ == "/" || real[real_root_.size()] == '/');
}

ImageRef DirectorySource::Unreadable(const std::string& relative,
                                     std::string message) const {
  ImageRef ref;
  ref.origin = Origin::kDirectory;
  ref.uri = options_.root + "/" + relative;
  ref.path = AbsolutePath(ref.uri);
  FillNameParts(&ref, options_.prefix + relative);
  ref.reason = Reason::kRead;
  ref.message = std::move(message);
  return ref;
}

// Puts the names of a folder on the stack. Returns an item if the folder cannot
// be read.
std::optional<ImageRef> DirectorySource::Enter(const std::string& relative) {
  const std::string path = options_.root + "/" + relative;
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr)
    return Unreadable(relative, SystemError("cannot open it", errno).what);
  Level level;
  level.relative = relative;
  // readdir() returns null at the end and on an error; only errno differs.
  errno = 0;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.') level.names.emplace_back(entry->d_name);
    errno = 0;
  }
  const int failed = errno;
  closedir(dir);
  // If readdir() failed half-way, give the names read so far, and an item for
  // the folder, so that the user knows that names are missing.
  std::sort(level.names.begin(), level.names.end(), std::greater<>());
  level.total = level.names.size();
  levels_.push_back(std::move(level));
  if (failed != 0)
    return Unreadable(relative, SystemError("cannot list it", failed).what);
  return std::nullopt;
}

// Returns the item for one entry. Returns empty if the entry was skipped, or
// was a folder and is now on the stack.
std::optional<ImageRef> DirectorySource::Visit(const std::string& relative) {
  const std::string path = options_.root + "/" + relative;
  struct stat st;
  if (lstat(path.c_str(), &st) != 0)
    return Unreadable(relative, SystemError("cannot read it", errno).what);
  if (S_ISDIR(st.st_mode)) {
    if (std::find(forbidden_.begin(), forbidden_.end(),
                  FileId(st.st_dev, st.st_ino)) != forbidden_.end())
      return std::nullopt;
    return Enter(relative + "/");
  }
  if (S_ISLNK(st.st_mode)) {
    struct stat target;
    if (stat(path.c_str(), &target) != 0)
      return Unreadable(relative, SystemError("a link", errno).what);
    if (!S_ISREG(target.st_mode) || !LeadsInside(path)) return std::nullopt;
  } else if (!S_ISREG(st.st_mode)) {
    return std::nullopt;
  }
  ImageRef ref = FromPath(path, options_.prefix + relative, Origin::kDirectory);
  const bool wanted =
      (options_.include.empty() || MatchesAny(options_.include, relative)) &&
      !MatchesAny(options_.exclude, relative);
  if (!wanted) ref.reason = Reason::kFiltered;
  return ref;
}

Result<std::optional<ImageRef>> DirectorySource::Next() {
  // The run makes its output folder after Open(), so look once more.
  if (std::exchange(first_, false)) FindForbidden();
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.names.empty()) {
      levels_.pop_back();
      continue;
    }
    const std::string relative = level.relative + level.names.back();
    level.names.pop_back();
    if (std::optional<ImageRef> ref = Visit(relative)) return ref;
  }
  return std::nullopt;
}

std::optional<double> DirectorySource::progress() const {
  if (levels_.empty()) return 1.0;
  // Goes from the innermost folder outwards. The progress of a level is its
  // finished entries, plus `part` for the one entry that is under way.
  double part = 1;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (level->total == 0) continue;
    const auto total = static_cast<double>(level->total);
    const auto left = static_cast<double>(level->names.size());
    const double begun = total - left;  // the last of these is under way
    part = begun < 1 ? 0 : (begun - 1 + part) / total;
  }
  return part;
}

}  // namespace thumbmill
