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
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/fail_point.h"
#include "common/lock_file.h"
#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"

namespace thumbmill {
namespace {

// Up to this many files are synced one by one, since syncfs() also writes the
// unwritten data of other programs.
constexpr std::size_t kFewFiles = 16;

// Temporary files are spread over this many folders, since threads that create
// files in the same folder spin on its lock.
constexpr unsigned kLanes = 4;

unsigned MyLane() {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned lane = threads.fetch_add(1) % kLanes;
  return lane;
}

// Returns the folder part of a name; "" is the target.
std::string FolderOf(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}
const char* BaseOf(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return name.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

// Returns true if a file or folder that exists has taken the name or a part of
// its path, or if the name is too long.
bool IsCollision(int sys) {
  return sys == EISDIR || sys == ENOTDIR || sys == EEXIST ||
         sys == ENAMETOOLONG;
}

std::string PublishText(const StoreItem::File& file, const Error& error) {
  const char* hint = "";
  if (error.sys == ELOOP)
    hint =
        "; its folder leads through a link, and no link below the target is "
        "followed: put a folder there and run the same command again";
  if (error.sys == EXDEV)
    hint =
        "; its folder is another file system, onto which nothing can be "
        "moved whole: make that one a target of its own";
  if (error.sys == EACCES || error.sys == EPERM)
    hint =
        "; give the right to write to its folder and run the same command "
        "again";
  return fmt::format("cannot place {}: {}{}", file.name, error.what, hint);
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
  void Abort() override { guard_.Cut(); }

 private:
  Status PurgeTemporary();
  Status PurgeFolder(const std::string& folder);
  Status WriteTemporary(StoreItem::File* file);
  Status SyncFiles(std::span<const std::shared_ptr<StoreItem>> batch);
  Status Rename(StoreItem* item);
  Status RenameFile(const StoreItem::File& file);
  Result<int> OpenFolder(const std::string& folder);
  Result<UniqueFd> MakeFolder(const std::string& folder);
  bool IsItemsOwn(int sys, const StoreItem::File& file);
  void Unpublish(StoreItem* item, std::size_t shown, Error error);
  Status SyncFolders();
  void DropTemporary(const StoreItem& item);

  EventLoop* loop_;
  IoPool* pool_;
  DirectorySinkOptions options_;
  UniqueFd target_, temporary_, lock_;
  std::atomic<std::uint64_t> next_{0};
  CallbackGuard guard_;  // of work in the pool and its answers; Abort() cuts it
  // Only Publish() uses these two, for one batch: the names of the changed
  // folders, and open descriptors of the last few, to save lookups.
  std::unordered_set<std::string> touched_;
  std::unordered_map<std::string, UniqueFd> open_;
};

Status DirectorySink::Prepare() {
  const std::string own = options_.target + "/.thumbmill";
  ASSIGN_OR_RETURN(target_, OpenNamedFolder(options_.target));
  // The folder is private, since a run's records of its sources are nobody
  // else's business.
  ASSIGN_OR_RETURN(const UniqueFd folder,
                   OpenPrivateFolderAt(target_.get(), ".thumbmill", own));
  ASSIGN_OR_RETURN(temporary_,
                   OpenPrivateFolderAt(folder.get(), "tmp", own + "/tmp"));
  ASSIGN_OR_RETURN(lock_,
                   TakeLock(folder.get(), "target.lock", own + "/target.lock",
                            "writes to " + options_.target));
  RETURN_IF_ERROR(PurgeTemporary());
  // Write one byte now: a full or read-only disk should not show only after the
  // first download.
  StoreItem::File probe;
  probe.bytes.assign(1, 0);
  RETURN_IF_ERROR(WriteTemporary(&probe));
  unlinkat(temporary_.get(), probe.temporary.c_str(), 0);
  return {};
}

// Removes the temporary files of a killed run. None of them was published.
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
                 watch = guard_.watch()]() mutable {
    // The pool may run this after Abort(): skip the work then.
    if (!watch.alive()) return;
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
    loop_->Post(
        watch.Wrap([item = std::move(item), done = std::move(done),
                    result = std::move(result)] { done(item, result); }));
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
  // Network file systems report only at close() that the disk is full.
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
  // The order survives a power cut: the bytes are on the disk before their
  // names, and the names before the journal records "done".
  RETURN_IF_ERROR(SyncFiles(batch));
  TM_FAIL_POINT("temps-synced");
  touched_.clear();
  open_.clear();
  for (const std::shared_ptr<StoreItem>& item : batch)
    RETURN_IF_ERROR(Rename(item.get()));
  RETURN_IF_ERROR(SyncFolders());
  open_.clear();
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

// Fails alone, and shows none of its files, if the item's name or folder is not
// usable. Any other error is a failure of the target.
Status DirectorySink::Rename(StoreItem* item) {
  for (std::size_t i = 0; i < item->files.size(); ++i) {
    const StoreItem::File& file = item->files[i];
    Status made = RenameFile(file);
    if (!made && made.error().sys == ENOENT) {
      open_.clear();  // somebody removed a folder: make it again
      made = RenameFile(file);
    }
    if (made) continue;
    if (!IsItemsOwn(made.error().sys, file)) return made;
    Unpublish(item, i, std::move(made).error());
    return {};
  }
  return {};
}

// Tells errors of one item from errors of the target. A full, broken or
// read-only disk is never the fault of an item. An item's folder may be at
// fault, but not if that folder is the target itself.
bool DirectorySink::IsItemsOwn(int sys, const StoreItem::File& file) {
  if (IsCollision(sys) || sys == EINVAL || sys == EILSEQ || sys == EBUSY)
    return true;
  // If somebody removed the target itself, every other item would fail too.
  struct stat target;
  if (fstat(target_.get(), &target) != 0 || target.st_nlink == 0) return false;
  if (FolderOf(file.name).empty()) return false;
  return sys == ELOOP || sys == EXDEV || sys == EACCES || sys == EPERM ||
         sys == ENOENT || sys == EMLINK || sys == ESTALE;
}

// The first `shown` files have their names already, and the next one failed.
void DirectorySink::Unpublish(StoreItem* item, std::size_t shown, Error error) {
  item->publish_reason =
      IsCollision(error.sys) ? Reason::kNameCollision : Reason::kUpload;
  item->publish_error = PublishText(item->files[shown], error);
  for (const StoreItem::File& file : std::span(item->files).first(shown)) {
    const Result<int> folder = OpenFolder(FolderOf(file.name));
    if (folder) unlinkat(*folder, BaseOf(file.name), 0);
  }
  DropTemporary(*item);
}

Status DirectorySink::RenameFile(const StoreItem::File& file) {
  ASSIGN_OR_RETURN(const int folder, OpenFolder(FolderOf(file.name)));
  if (renameat(temporary_.get(), file.temporary.c_str(), folder,
               BaseOf(file.name)) != 0)
    return FailSystem("cannot rename it", errno);
  TM_FAIL_POINT("renamed");
  return {};
}

// Returns a descriptor that is valid until the next call. Makes the folder if
// it does not exist.
Result<int> DirectorySink::OpenFolder(const std::string& folder) {
  touched_.insert(folder);
  if (folder.empty()) return target_.get();
  if (const auto known = open_.find(folder); known != open_.end())
    return known->second.get();
  Result<UniqueFd> fd = OpenBeneath(target_.get(), folder);
  if (!fd && fd.error().sys == ENOENT) fd = MakeFolder(folder);
  if (!fd) return tl::unexpected<Error>(std::move(fd).error());
  if (open_.size() >= kFewFiles) open_.clear();
  return open_.emplace(folder, std::move(*fd)).first->second.get();
}

Result<UniqueFd> DirectorySink::MakeFolder(const std::string& folder) {
  // The parent goes through OpenFolder() too, which makes missing parents and
  // notes that the parent has a new entry to sync.
  const std::string up = FolderOf(folder);
  ASSIGN_OR_RETURN(const int parent, OpenFolder(up));
  if (mkdirat(parent, BaseOf(folder), 0777) == 0) {
    TM_FAIL_POINT("folder-made");
  } else if (errno != EEXIST) {
    return FailSystem("cannot make the folder " + folder, errno);
  }
  return OpenBeneath(target_.get(), folder);
}

Status DirectorySink::SyncFolders() {
  if (options_.fsync == FsyncPolicy::kNever) return {};
  if (touched_.size() > kFewFiles) {
    if (syncfs(target_.get()) != 0)
      return FailSystem("cannot sync " + options_.target, errno);
    return {};
  }
  for (const std::string& folder : touched_) {
    const Result<UniqueFd> fd = OpenBeneath(target_.get(), folder);
    // A path that is not a folder belongs to an item that failed alone. A
    // folder that we may not read cannot be synced (EBADF); leave that to the
    // file system.
    if (fd && fsync(fd->get()) != 0 && errno != EBADF)
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
