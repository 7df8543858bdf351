#include "coordinator/sink/output_look.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "common/own_files.h"

namespace thumbmill {
namespace {

// Names in memory at once while a folder is read.
constexpr std::size_t kChunk = 4096;
// Listing stops to pay when it reads many more files than were asked for: more
// than this many for each question, beyond the first 64 K.
constexpr std::uint64_t kMostInVain = 4;
constexpr std::uint64_t kFreely = 64 << 10;

UniqueFd OpenTarget(const std::string& target) {
  const auto place = FindPlace(target, false);
  if (!place) return {};
  return UniqueFd(openat(place->folder.get(), place->name.c_str(),
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Returns the size of a regular file, or empty. AT_STATX_DONT_SYNC allows a
// network file system to use the attributes that it has just sent with the
// listing.
std::optional<std::uint64_t> SizeOf(int folder, const char* name) {
  struct statx st;
  if (statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
            STATX_TYPE | STATX_SIZE, &st) != 0 ||
      !S_ISREG(st.stx_mode))
    return std::nullopt;
  return st.stx_size;
}

std::uint64_t Hash(std::string_view name) {
  return std::hash<std::string_view>{}(name);
}

}  // namespace

OutputLook::OutputLook(const std::string& target)
    : target_(OpenTarget(target)) {}

bool OutputLook::IsThere(const std::string& name, std::uint64_t bytes) {
  if (stop_) return true;
  if (!target_.valid()) return false;
  ++asked_;
  const std::size_t slash = name.rfind('/');
  const bool top = slash == std::string::npos;
  const std::string folder = top ? "" : name.substr(0, slash);
  const char* base = name.c_str() + (top ? 0 : slash + 1);
  const Folder& listing = List(folder);
  if (listing.large) return IsThereAlone(folder, base, bytes);
  const File wanted{Hash(base), bytes};
  const auto at =
      std::lower_bound(listing.files.begin(), listing.files.end(), wanted);
  return at != listing.files.end() && at->name == wanted.name &&
         at->bytes == wanted.bytes;
}

const OutputLook::Folder& OutputLook::List(const std::string& name) {
  // Stands for any folder whose files are looked up one by one.
  static const Folder kAlone{{}, true};
  if (const auto known = folders_.find(name); known != folders_.end())
    return known->second;
  if (listed_ > kMostInVain * asked_ + kFreely) return kAlone;
  Folder folder;
  const Result<UniqueFd> fd = OpenBeneath(target_.get(), name);
  if (fd) Read(fd->get(), &folder);
  std::sort(folder.files.begin(), folder.files.end());
  // Each folder counts as one file too, so that a million empty ones are also
  // bounded.
  if (kept_ + folder.files.size() + folders_.size() > kMostKept) {
    folders_.clear();
    kept_ = 0;
  }
  kept_ += folder.files.size();
  return folders_.emplace(name, std::move(folder)).first->second;
}

void OutputLook::Read(int fd, Folder* folder) {
  DIR* dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (dir == nullptr) {
    folder->large = true;  // we may not list it, but may look up its files
    return;
  }
  std::vector<Found> found;
  while (!stop_ && !folder->large) {
    const dirent* entry = readdir(dir);
    if (entry != nullptr) {
      ++listed_;
      if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) continue;
      found.push_back({entry->d_ino, entry->d_name});
    }
    if (entry == nullptr || found.size() >= kChunk) Measure(fd, &found, folder);
    if (entry == nullptr) break;
  }
  closedir(dir);
}

// Inodes often lie on the disk in the order of their numbers, so this order
// saves seeks.
void OutputLook::Measure(int fd, std::vector<Found>* found, Folder* folder) {
  std::sort(found->begin(), found->end(),
            [](const Found& a, const Found& b) { return a.inode < b.inode; });
  for (const Found& file : *found) {
    if (stop_) return;
    if (const auto bytes = SizeOf(fd, file.name.c_str()))
      folder->files.push_back({Hash(file.name), *bytes});
  }
  found->clear();
  folder->large = folder->files.size() > kMostKept / 2;
  if (folder->large) std::vector<File>().swap(folder->files);
}

bool OutputLook::IsThereAlone(const std::string& folder, const char* base,
                              std::uint64_t bytes) {
  auto at = open_.find(folder);
  if (at == open_.end()) {
    Result<UniqueFd> fd = OpenBeneath(target_.get(), folder);
    if (!fd) return false;
    if (open_.size() >= kMostOpen) open_.clear();
    at = open_.emplace(folder, std::move(*fd)).first;
  }
  return SizeOf(at->second.get(), base) == bytes;
}

}  // namespace thumbmill
