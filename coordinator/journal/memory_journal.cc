// A journal that forgets its records, for targets that keep no state.
#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "common/unique_fd.h"
#include "coordinator/journal/claims.h"
#include "coordinator/journal/journal.h"

namespace thumbmill {
namespace {

class ForgettingJournal final : public Journal {
 public:
  // Opens the claims in a folder for temporary files, so that memory is
  // bounded, or in memory if no such folder can be written.
  Status Open() {
    std::error_code error;
    const auto temporary = std::filesystem::temp_directory_path(error);
    std::string folder = (temporary / "thumbmill-XXXXXX").string();
    if (error || mkdtemp(folder.data()) == nullptr)
      return claims_.OpenInMemory();
    const UniqueFd fd(
        open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const bool opened = fd.valid() && claims_.Open(fd.get()).has_value();
    // The folder is empty by now: Claims::Open() has unlinked its file.
    std::filesystem::remove_all(folder, error);
    return opened ? Status() : claims_.OpenInMemory();
  }

  Result<std::vector<ClaimVerdict>> Claim(
      std::span<const ClaimRequest> batch) override {
    const std::lock_guard lock(mutex_);
    std::vector<ClaimVerdict> verdicts;
    RETURN_IF_ERROR(claims_.Begin());
    for (const ClaimRequest& request : batch) {
      ASSIGN_OR_RETURN(ClaimVerdict verdict, ClaimOne(request));
      verdicts.push_back(std::move(verdict));
    }
    RETURN_IF_ERROR(claims_.End());
    return verdicts;
  }
  Result<std::optional<TakenName>> ClaimNames(
      std::span<const std::string> names,
      const std::string& source_key) override {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names) {
      ASSIGN_OR_RETURN(const auto answer,
                       claims_.Claim(HashKey(name), HashKey(source_key)));
      if (answer.other) return TakenName{name, kSomeOwner};
    }
    return std::nullopt;
  }
  Status Commit(std::span<const ItemRecord> batch) override {
    const std::lock_guard lock(mutex_);
    for (const ItemRecord& record : batch) {
      counts_.done += record.status == ItemStatus::kDone ? 1 : 0;
      counts_.skipped += record.status == ItemStatus::kSkipped ? 1 : 0;
      counts_.failed += record.status == ItemStatus::kFailed ? 1 : 0;
    }
    return {};
  }
  Result<JournalCounts> Counts() override {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  Status Walk(const RecordFilter&, const Visit&) override { return {}; }

 private:
  Result<ClaimVerdict> ClaimOne(const ClaimRequest& request) {
    using Kind = ClaimVerdict::Kind;
    if (request.claim.empty()) return ClaimVerdict{};
    const Key128 key = HashKey(request.source_key);
    ASSIGN_OR_RETURN(const bool repeated, claims_.IsRepeated(request, key));
    if (repeated) return ClaimVerdict{Kind::kDuplicate, 0, "", {}};
    ASSIGN_OR_RETURN(const auto answer,
                     claims_.Claim(HashKey(request.claim), key));
    if (answer.other) return ClaimVerdict{Kind::kCollision, 0, kSomeOwner, {}};
    if (!answer.fresh) return ClaimVerdict{Kind::kDuplicate, 0, "", {}};
    return ClaimVerdict{};
  }

  std::mutex mutex_;  // held by each public method
  Claims claims_;
  JournalCounts counts_;
};

}  // namespace

Result<std::unique_ptr<Journal>> MemoryJournal() {
  auto journal = std::make_unique<ForgettingJournal>();
  RETURN_IF_ERROR(journal->Open());
  return journal;
}

}  // namespace thumbmill
