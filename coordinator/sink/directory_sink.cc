#include "coordinator/sink/directory_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
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
#include "coordinator/sink/temporary_files.h"

namespace thumbmill {
namespace {

// Up to this many files are synced one by one, since syncfs() also writes the
// unwritten data of other programs.
constexpr std::size_t kFewFiles = 16;

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

class DirectorySink final : public Sink {
 public:
  DirectorySink(EventLoop* loop, IoPool* pool,
                const DirectorySinkOptions& options)
      : loop_(loop),
        pool_(pool),
        options_(options),
        temporary_(options.target, options.fsync == FsyncPolicy::kEach) {}

  Status Prepare() override;
  void Put(std::shared_ptr<StoreItem> item, Done done) override;
  Result<std::vector<Unpublished>> Publish(
      std::span<const std::shared_ptr<StoreItem>> batch) override;
  void Abort() override { guard_.Cut(); }

 private:
  // An item of a batch with the names of its temporary files.
  struct Entry {
    const StoreItem* item;
    std::vector<std::string> temporary;
  };
  Status SyncFiles(const std::vector<Entry>& batch);
  Result<std::optional<Unpublished>> Rename(const Entry& entry);
  Status RenameFile(const Entry& entry, std::size_t file);
  Result<int> OpenFolder(const std::string& folder);
  Result<UniqueFd> MakeFolder(const std::string& folder);
  bool IsItemsOwn(int sys, const StoreItem::File& file);
  Unpublished Unpublish(const Entry& entry, std::size_t shown,
                        const Error& error);
  Status SyncFolders();

  EventLoop* loop_;
  IoPool* pool_;
  DirectorySinkOptions options_;
  UniqueFd target_, lock_;
  TemporaryFiles temporary_;
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
  ASSIGN_OR_RETURN(lock_,
                   TakeLock(folder.get(), "target.lock", own + "/target.lock",
                            "writes to " + options_.target));
  return temporary_.Prepare(folder.get());
}

void DirectorySink::Put(std::shared_ptr<StoreItem> item, Done done) {
  pool_->Submit([this, item = std::move(item), done = std::move(done),
                 watch = guard_.watch()]() mutable {
    // The pool may run this after Abort(): skip the work then.
    if (!watch.alive()) return;
    const Status written = temporary_.Write(*item);
    StoreResult result;
    // Every failure concerns the target, such as a full disk.
    if (!written) result = {StoreOutcome::kFatal, written.error().what, {}};
    loop_->Post(
        watch.Wrap([item = std::move(item), done = std::move(done),
                    result = std::move(result)] { done(item, result); }));
  });
}

Result<std::vector<Unpublished>> DirectorySink::Publish(
    std::span<const std::shared_ptr<StoreItem>> batch) {
  std::vector<Entry> entries;
  for (const std::shared_ptr<StoreItem>& item : batch)
    entries.push_back({item.get(), temporary_.Take(*item)});
  // The order survives a power cut: the bytes are on the disk before their
  // names, and the names before the journal records "done".
  RETURN_IF_ERROR(SyncFiles(entries));
  TM_FAIL_POINT("temps-synced");
  touched_.clear();
  open_.clear();
  std::vector<Unpublished> failed;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ASSIGN_OR_RETURN(std::optional<Unpublished> alone, Rename(entries[i]));
    if (!alone) continue;
    alone->index = i;
    failed.push_back(*std::move(alone));
  }
  RETURN_IF_ERROR(SyncFolders());
  open_.clear();
  TM_FAIL_POINT("folders-synced");
  return failed;
}

Status DirectorySink::SyncFiles(const std::vector<Entry>& batch) {
  if (options_.fsync != FsyncPolicy::kBatch) return {};
  std::size_t files = 0;
  for (const Entry& entry : batch) files += entry.temporary.size();
  if (files > kFewFiles) {
    if (syncfs(temporary_.fd()) != 0)
      return FailSystem("cannot sync " + options_.target, errno);
    return {};
  }
  for (const Entry& entry : batch) {
    for (const std::string& name : entry.temporary) {
      const UniqueFd fd(openat(temporary_.fd(), name.c_str(),
                               O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!fd.valid() || fdatasync(fd.get()) != 0)
        return FailSystem("cannot sync " + options_.target, errno);
    }
  }
  return {};
}

// Gives the files their names. If the item's name or folder is not usable,
// shows none of its files and returns why. Any other error is a failure of the
// target.
Result<std::optional<Unpublished>> DirectorySink::Rename(const Entry& entry) {
  for (std::size_t i = 0; i < entry.temporary.size(); ++i) {
    Status made = RenameFile(entry, i);
    if (!made && made.error().sys == ENOENT) {
      open_.clear();  // somebody removed a folder: make it again
      made = RenameFile(entry, i);
    }
    if (made) continue;
    if (!IsItemsOwn(made.error().sys, entry.item->files[i]))
      return tl::unexpected<Error>(std::move(made).error());
    return Unpublish(entry, i, made.error());
  }
  return std::nullopt;
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
Unpublished DirectorySink::Unpublish(const Entry& entry, std::size_t shown,
                                     const Error& error) {
  const std::vector<StoreItem::File>& files = entry.item->files;
  for (const StoreItem::File& file : std::span(files).first(shown)) {
    const Result<int> folder = OpenFolder(FolderOf(file.name));
    if (folder) unlinkat(*folder, BaseOf(file.name), 0);
  }
  temporary_.Remove(entry.temporary);
  Unpublished failed;
  failed.reason =
      IsCollision(error.sys) ? Reason::kNameCollision : Reason::kUpload;
  failed.message = PublishText(files[shown], error);
  return failed;
}

Status DirectorySink::RenameFile(const Entry& entry, std::size_t file) {
  const std::string& name = entry.item->files[file].name;
  ASSIGN_OR_RETURN(const int folder, OpenFolder(FolderOf(name)));
  if (renameat(temporary_.fd(), entry.temporary[file].c_str(), folder,
               BaseOf(name)) != 0)
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
