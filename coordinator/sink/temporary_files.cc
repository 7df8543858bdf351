#include "coordinator/sink/temporary_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <span>
#include <utility>

#include "common/fail_point.h"
#include "common/own_files.h"

namespace thumbmill {
namespace {

// Temporary files are spread over this many folders, since threads that create
// files in the same folder spin on its lock.
constexpr unsigned kLanes = 4;

unsigned MyLane() {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned lane = threads.fetch_add(1) % kLanes;
  return lane;
}

Status WriteAll(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailSystem("cannot write to the target", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Status TemporaryFiles::Prepare(int own) {
  const std::string shown = target_ + "/.thumbmill/tmp";
  ASSIGN_OR_RETURN(folder_, OpenPrivateFolderAt(own, "tmp", shown));
  // None of the files was published.
  RETURN_IF_ERROR(Purge("."));
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const std::string name = std::to_string(lane);
    ASSIGN_OR_RETURN(const UniqueFd opened,
                     OpenPrivateFolderAt(fd(), name, shown + "/" + name));
    RETURN_IF_ERROR(Purge(name));
  }
  const std::string probe = NextName();
  RETURN_IF_ERROR(WriteOne(probe, std::array<std::uint8_t, 1>{}));
  Remove({probe});
  return {};
}

Status TemporaryFiles::Purge(const std::string& folder) {
  UniqueFd opened(openat(fd(), folder.c_str(),
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  DIR* dir = opened.valid() ? fdopendir(opened.get()) : nullptr;
  if (dir == nullptr) return FailSystem("cannot list temporary files", errno);
  const int listed = opened.Release();  // closedir() closes it
  while (const dirent* entry = readdir(dir))
    if (entry->d_name[0] != '.') unlinkat(listed, entry->d_name, 0);
  closedir(dir);
  return {};
}

std::string TemporaryFiles::NextName() {
  return fmt::format("{}/{}", MyLane(), next_.fetch_add(1));
}

Status TemporaryFiles::Write(const StoreItem& item) {
  std::vector<std::string> names;
  for (const StoreItem::File& file : item.files) {
    names.push_back(NextName());
    Status written = WriteOne(names.back(), file.bytes);
    if (written) continue;
    Remove(names);
    return written;
  }
  const std::lock_guard lock(mutex_);
  names_[&item] = std::move(names);
  return {};
}

Status TemporaryFiles::WriteOne(const std::string& name, ByteSpan bytes) {
  UniqueFd file(openat(fd(), name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                       0666));
  if (!file.valid())
    return FailSystem("cannot make a file in " + target_, errno);
  TM_FAIL_POINT("temp-created");
  RETURN_IF_ERROR(WriteAll(file.get(), bytes));
  TM_FAIL_POINT("temp-written");
  if (sync_each_ && fdatasync(file.get()) != 0)
    return FailSystem("cannot sync a file in " + target_, errno);
  // Network file systems report only at close() that the disk is full.
  if (close(file.Release()) != 0)
    return FailSystem("cannot write to " + target_, errno);
  return {};
}

std::vector<std::string> TemporaryFiles::Take(const StoreItem& item) {
  const std::lock_guard lock(mutex_);
  const auto node = names_.extract(&item);
  return node.empty() ? std::vector<std::string>() : std::move(node.mapped());
}

void TemporaryFiles::Remove(const std::vector<std::string>& names) {
  for (const std::string& name : names) unlinkat(fd(), name.c_str(), 0);
}

}  // namespace thumbmill
