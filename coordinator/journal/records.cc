#include "coordinator/journal/records.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <utility>

#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/journal/journal_file.h"
#include "coordinator/journal/record_queries.h"
#include "coordinator/journal/schema.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {
namespace {

class StoredRecords final : public Records {
 public:
  Status Open(const std::string& state, const std::atomic<bool>* stop);

  Result<JournalCounts> Counts() override {
    const std::lock_guard lock(mutex_);
    return CountRecords(&db_);
  }
  Status Walk(const RecordFilter& filter, const Visit& visit) override {
    return WalkRecords(&db_, &mutex_, filter, visit);
  }

 private:
  Result<bool> IsInUse(int folder, const std::string& state);

  std::mutex mutex_;
  UniqueFd lock_;  // shared; keeps a run from starting
  Database db_;
};

// Returns true if a run holds the state. Otherwise keeps runs away from now on.
// A state that was copied may have no lock.
Result<bool> StoredRecords::IsInUse(int folder, const std::string& state) {
  Result<UniqueFd> lock =
      OpenOwnFile(folder, "lock", O_RDONLY, 0, state + "/lock");
  if (!lock && lock.error().sys == ENOENT) return false;
  if (!lock) return tl::unexpected<Error>(std::move(lock).error());
  if (flock(lock->get(), LOCK_SH | LOCK_NB) == 0) {
    lock_ = std::move(*lock);
    return false;
  }
  if (errno == EWOULDBLOCK) return true;
  return FailSystem("cannot lock " + state + "/lock", errno);
}

Status StoredRecords::Open(const std::string& state,
                           const std::atomic<bool>* stop) {
  ASSIGN_OR_RETURN(const UniqueFd folder, FindPrivateFolder(state));
  ASSIGN_OR_RETURN(const bool in_use, IsInUse(folder.get(), state));
  RETURN_IF_ERROR(FindJournalFile(folder.get(), state));
  Result<Database> opened =
      Database::OpenToRead(folder.get(), kJournalFile, in_use);
  if (!opened) return tl::unexpected<Error>(std::move(opened).error());
  db_ = std::move(*opened);
  db_.Distrust();
  if (stop != nullptr) db_.StopWhen(stop);
  Status checked = CheckJournal(&db_, state);
  // A run that has not opened the journal yet, or has just closed it, keeps no
  // shared index of the log, without which nothing can be read safely.
  if (!checked && in_use && checked.error().code == ErrorCode::kDenied)
    return Fail(
        ErrorCode::kUnavailable,
        fmt::format("a run opens or closes {} just now; try again", state));
  return checked;
}

}  // namespace

Result<std::unique_ptr<Records>> OpenRecords(const std::string& state,
                                             const std::atomic<bool>* stop) {
  auto records = std::make_unique<StoredRecords>();
  if (Status opened = records->Open(state, stop); !opened)
    return tl::unexpected<Error>(WithPath(std::move(opened).error(), state));
  return records;
}

}  // namespace thumbmill
