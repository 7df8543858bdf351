#include "coordinator/sink/directory_sink.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "common/fail_point.h"
#include "common/lock_file.h"
#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/event_loop.h"
#include "coordinator/io_pool.h"

namespace thumbmill {
namespace {

// Up to so many files are synced one by one: syncfs() would also write what
// other programs have left to be written.
constexpr std::size_t kFewFiles = 16;
// Folders that are known to exist; forgotten all at once when there are more.
constexpr std::size_t kKnownFolders = 100'000;

// Temporary files lie in so many folders: threads that create files in one
// folder spin on its lock.
constexpr unsigned kLanes = 4;

unsigned MyLane() {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned lane = threads.fetch_add(1) % kLanes;
  return lane;
}

StoreResult Unusable(const Error& error) {
  StoreResult result;
  result.reason = Reason::kUpload;
  result.message = error.what;
  result.fatal = true;
  return result;
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

class DirectorySink final : public Sink {
 public:
  DirectorySink(EventLoop* loop, IoPool* pool,
                const DirectorySinkOptions& options)
      : loop_(loop), pool_(pool), options_(options) {}

  Status Prepare() override;
  void Put(std::shared_ptr<StoreItem> item, Done done) override;
  Status Publish(std::span<const std::shared_ptr<StoreItem>> batch) override;
  void Abort() override { *aborted_ = true; }

 private:
  Status PurgeTemporary();
  Status PurgeFolder(const std::string& folder);
  Status WriteTemporary(StoreItem::File* file);
  Status SyncFiles(std::span<const std::shared_ptr<StoreItem>> batch);
  Status Rename(StoreItem* item);
  Status RenameFile(const StoreItem::File& file);
  Status MakeParents(std::string_view name);
  Status SyncFolders();
  void DropTemporary(const StoreItem& item);

  EventLoop* loop_;
  IoPool* pool_;
  DirectorySinkOptions options_;
  UniqueFd target_, temporary_, lock_;
  std::atomic<std::uint64_t> next_{0};
  std::shared_ptr<std::atomic<bool>> aborted_ =
      std::make_shared<std::atomic<bool>>(false);
  // Used by Publish() alone.
  std::unordered_set<std::string> known_, touched_;
};

Status DirectorySink::Prepare() {
  const std::string own = options_.target + "/.thumbmill";
  ASSIGN_OR_RETURN(target_, OpenNamedFolder(options_.target));
  // What a run notes of its sources is nobody else's business.
  ASSIGN_OR_RETURN(const UniqueFd folder,
                   OpenPrivateFolderAt(target_.get(), ".thumbmill", own));
  ASSIGN_OR_RETURN(temporary_, OpenPrivateFolderAt(folder.get(), "tmp",
                                                   own + "/tmp"));
  ASSIGN_OR_RETURN(lock_,
                   TakeLock(folder.get(), "target.lock", own + "/target.lock",
                            "writes to " + options_.target));
  RETURN_IF_ERROR(PurgeTemporary());
  // Better to find out now than after the first download.
  StoreItem::File probe;
  probe.bytes.assign(1, 0);
  RETURN_IF_ERROR(WriteTemporary(&probe));
  unlinkat(temporary_.get(), probe.temporary.c_str(), 0);
  return {};
}

// What a killed run left: nothing of it was published.
Status DirectorySink::PurgeTemporary() {
  RETURN_IF_ERROR(PurgeFolder("."));
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const std::string name = std::to_string(lane);
    ASSIGN_OR_RETURN(
        const UniqueFd folder,
        OpenPrivateFolderAt(temporary_.get(), name,
                            options_.target + "/.thumbmill/tmp/" + name));
    RETURN_IF_ERROR(PurgeFolder(name));
  }
  return {};
}

Status DirectorySink::PurgeFolder(const std::string& folder) {
  UniqueFd fd(openat(temporary_.get(), folder.c_str(),
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  DIR* dir = fd.valid() ? fdopendir(fd.get()) : nullptr;
  if (dir == nullptr) return FailSystem("cannot list temporary files", errno);
  const int listed = fd.Release();  // closedir() closes it
  while (const dirent* entry = readdir(dir))
    if (entry->d_name[0] != '.') unlinkat(listed, entry->d_name, 0);
  closedir(dir);
  return {};
}

void DirectorySink::Put(std::shared_ptr<StoreItem> item, Done done) {
  pool_->Submit([this, item = std::move(item), done = std::move(done),
                 aborted = aborted_]() mutable {
    if (*aborted) return;
    Status status;
    for (StoreItem::File& file : item->files) {
      status = WriteTemporary(&file);
      if (!status) break;
    }
    StoreResult result;
    if (!status) {
      DropTemporary(*item);
      result = Unusable(status.error());
    }
    loop_->Post([item = std::move(item), done = std::move(done), aborted,
                 result = std::move(result)] {
      if (!*aborted) done(item, result);
    });
  });
}

Status DirectorySink::WriteTemporary(StoreItem::File* file) {
  file->temporary = fmt::format("{}/{}", MyLane(), next_.fetch_add(1));
  UniqueFd fd(openat(temporary_.get(), file->temporary.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                     0666));
  if (!fd.valid())
    return FailSystem("cannot make a file in " + options_.target, errno);
  TM_FAIL_POINT("temp-created");
  RETURN_IF_ERROR(WriteAll(fd.get(), file->bytes));
  TM_FAIL_POINT("temp-written");
  if (options_.fsync == FsyncPolicy::kEach && fdatasync(fd.get()) != 0)
    return FailSystem("cannot sync a file in " + options_.target, errno);
  // Network file systems tell here that there was no room.
  if (close(fd.Release()) != 0)
    return FailSystem("cannot write to " + options_.target, errno);
  return {};
}

void DirectorySink::DropTemporary(const StoreItem& item) {
  for (const StoreItem::File& file : item.files)
    if (!file.temporary.empty())
      unlinkat(temporary_.get(), file.temporary.c_str(), 0);
}

Status DirectorySink::Publish(
    std::span<const std::shared_ptr<StoreItem>> batch) {
  RETURN_IF_ERROR(SyncFiles(batch));
  TM_FAIL_POINT("temps-synced");
  touched_.clear();
  for (const std::shared_ptr<StoreItem>& item : batch)
    RETURN_IF_ERROR(Rename(item.get()));
  RETURN_IF_ERROR(SyncFolders());
  TM_FAIL_POINT("folders-synced");
  return {};
}

Status DirectorySink::SyncFiles(
    std::span<const std::shared_ptr<StoreItem>> batch) {
  if (options_.fsync != FsyncPolicy::kBatch) return {};
  std::size_t files = 0;
  for (const auto& item : batch) files += item->files.size();
  if (files > kFewFiles) {
    if (syncfs(temporary_.get()) != 0)
      return FailSystem("cannot sync " + options_.target, errno);
    return {};
  }
  for (const auto& item : batch) {
    for (const StoreItem::File& file : item->files) {
      const UniqueFd fd(openat(temporary_.get(), file.temporary.c_str(),
                               O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!fd.valid() || fdatasync(fd.get()) != 0)
        return FailSystem("cannot sync " + options_.target, errno);
    }
  }
  return {};
}

// An item whose name is taken by a folder (or needs a folder where a file is)
// fails by itself, and then shows none of its files; anything else is the
// target's failure.
Status DirectorySink::Rename(StoreItem* item) {
  for (std::size_t i = 0; i < item->files.size(); ++i) {
    const StoreItem::File& file = item->files[i];
    Status made = RenameFile(file);
    if (!made && made.error().sys == ENOENT) {
      known_.clear();  // somebody has removed a folder
      made = RenameFile(file);
    }
    if (made) continue;
    const int sys = made.error().sys;
    if (sys != EISDIR && sys != ENOTDIR && sys != EEXIST &&
        sys != ENAMETOOLONG)
      return made;
    item->publish_error = made.error().what;
    for (const StoreItem::File& shown : std::span(item->files).first(i))
      unlinkat(target_.get(), shown.name.c_str(), 0);
    DropTemporary(*item);
    return {};
  }
  return {};
}

Status DirectorySink::RenameFile(const StoreItem::File& file) {
  RETURN_IF_ERROR(MakeParents(file.name));
  if (renameat(temporary_.get(), file.temporary.c_str(), target_.get(),
               file.name.c_str()) != 0)
    return FailSystem("cannot rename to " + file.name, errno);
  TM_FAIL_POINT("renamed");
  return {};
}

Status DirectorySink::MakeParents(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  const std::string parent(
      slash == std::string_view::npos ? "" : name.substr(0, slash));
  touched_.insert(parent);
  if (parent.empty() || known_.contains(parent)) return {};
  if (mkdirat(target_.get(), parent.c_str(), 0777) != 0) {
    if (errno == ENOENT) {
      RETURN_IF_ERROR(MakeParents(parent));
      if (mkdirat(target_.get(), parent.c_str(), 0777) != 0 && errno != EEXIST)
        return FailSystem("cannot make the folder " + parent, errno);
    } else if (errno != EEXIST) {
      return FailSystem("cannot make the folder " + parent, errno);
    }
  } else {
    TM_FAIL_POINT("folder-made");
    const std::size_t up = parent.rfind('/');
    touched_.insert(up == std::string::npos ? "" : parent.substr(0, up));
  }
  if (known_.size() >= kKnownFolders) known_.clear();
  known_.insert(parent);
  return {};
}

Status DirectorySink::SyncFolders() {
  if (options_.fsync == FsyncPolicy::kNever) return {};
  if (touched_.size() > kFewFiles) {
    if (syncfs(target_.get()) != 0)
      return FailSystem("cannot sync " + options_.target, errno);
    return {};
  }
  for (const std::string& folder : touched_) {
    const UniqueFd fd(openat(target_.get(),
                             folder.empty() ? "." : folder.c_str(),
                             O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A path that is no folder belongs to an item that failed by itself.
    if (!fd.valid()) continue;
    if (fsync(fd.get()) != 0)
      return FailSystem("cannot sync " + options_.target, errno);
  }
  return {};
}

}  // namespace

std::unique_ptr<Sink> MakeDirectorySink(EventLoop* loop, IoPool* pool,
                                        const DirectorySinkOptions& options) {
  return std::make_unique<DirectorySink>(loop, pool, options);
}

}  // namespace thumbmill
