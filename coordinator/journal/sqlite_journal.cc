// The journal that is kept in SQLite.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/fail_point.h"
#include "common/lock_file.h"
#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/journal/claims.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/journal_file.h"
#include "coordinator/journal/past_records.h"
#include "coordinator/journal/recipe_diff.h"
#include "coordinator/journal/record_columns.h"
#include "coordinator/journal/record_queries.h"
#include "coordinator/journal/schema.h"
#include "coordinator/journal/sqlite.h"
#include "coordinator/journal/verdict.h"

namespace thumbmill {
namespace {

class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(const JournalOptions& options) : options_(options) {}

  Status Open();
  Result<std::vector<ClaimVerdict>> Claim(
      std::span<const ClaimRequest> batch) override;
  Result<std::optional<TakenName>> ClaimNames(
      std::span<const std::string> names,
      const std::string& source_key) override;
  Status Commit(std::span<const ItemRecord> batch) override;
  Result<JournalCounts> Counts() override;
  std::uint64_t recorded_before() const override { return past_.count(); }
  Status Walk(const RecordFilter& filter, const Visit& visit) override;

 private:
  Status TakeRecipe();
  Result<std::vector<ClaimVerdict>> ClaimAll(
      std::span<const ClaimRequest> batch);
  Result<ClaimVerdict> ClaimOne(const ClaimRequest& request);
  // Returns an empty text if `source_key` owns the name now, else the source of
  // its owner.
  Result<std::string> ClaimName(const std::string& name,
                                const std::string& source_key);
  Result<std::string> OwnerOf(const Key128& key);
  Result<ClaimVerdict> Recall(const ClaimRequest& request, const Key128& key);
  Status Insert(const ItemRecord& record);
  Status InsertNames(const ItemRecord& record, const Key128& key);
  Result<std::string> MergedOutputs(const ItemRecord& record,
                                    const Key128& key);

  JournalOptions options_;
  std::mutex mutex_;  // held by each public method
  UniqueFd lock_;
  Database db_;
  Statement insert_, forget_, insert_name_;
  PastRecords past_;
  Claims claims_;
  RecentOwners recent_;
  // Items that claimed late names and are not recorded yet.
  std::unordered_set<Key128, KeyHash> named_;
  std::string bounds_;
};

Status SqliteJournal::Open() {
  UniqueFd opened;
  int state = options_.state;
  if (state < 0) {
    ASSIGN_OR_RETURN(opened, OpenPrivateFolder(options_.state_dir));
    state = opened.get();
  }
  ASSIGN_OR_RETURN(lock_, TakeLock(state, "lock", options_.state_dir + "/lock",
                                   "works on " + options_.state_dir));
  TM_FAIL_POINT("state-locked");
  ASSIGN_OR_RETURN(db_,
                   OpenJournalFile(state, options_.state_dir, options_.stop));
  RETURN_IF_ERROR(TakeRecipe());
  RETURN_IF_ERROR(past_.Open(&db_));
  ASSIGN_OR_RETURN(insert_, db_.Prepare(kInsertRecord));
  ASSIGN_OR_RETURN(forget_, db_.Prepare("DELETE FROM items WHERE key = ?"));
  ASSIGN_OR_RETURN(insert_name_,
                   db_.Prepare("INSERT OR REPLACE INTO names VALUES(?, ?)"));
  TM_FAIL_POINT("journal-open");
  bounds_ = PackBounds(options_.cost_bounds);
  return claims_.Open(state);
}

// Makes the recipe of this run the job's, unless the job has another one.
Status SqliteJournal::TakeRecipe() {
  ASSIGN_OR_RETURN(const std::string recipe, GetMeta(&db_, "recipe"));
  if (!MayBeRecipe(recipe))
    return Fail(ErrorCode::kBadData, "the journal: its recipe is too large");
  if (options_.overwrite) {
    RETURN_IF_ERROR(db_.Execute(kForgetRecords));
  } else if (!recipe.empty() && recipe != options_.recipe) {
    const std::string changes = RecipeDiff(recipe, options_.recipe);
    if (!changes.empty())
      return Fail(ErrorCode::kUsage,
                  fmt::format("the job in {} has another recipe: {}. Use "
                              "--overwrite to make everything again, or "
                              "another --output or --state",
                              options_.state_dir, changes));
  }
  RETURN_IF_ERROR(SetMeta(&db_, "version", kJournalVersion));
  return SetMeta(&db_, "recipe", options_.recipe);
}

Result<std::vector<ClaimVerdict>> SqliteJournal::Claim(
    std::span<const ClaimRequest> batch) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(claims_.Begin());
  // One transaction, because each single query would take the file's locks
  // anew.
  const bool has_past = past_.count() > 0;
  if (has_past) RETURN_IF_ERROR(db_.Execute("BEGIN"));
  Result<std::vector<ClaimVerdict>> verdicts = ClaimAll(batch);
  if (has_past) {
    const Status ended = db_.Execute("COMMIT");
    if (verdicts) RETURN_IF_ERROR(ended);
  }
  if (verdicts) RETURN_IF_ERROR(claims_.End());
  return verdicts;
}

Result<std::vector<ClaimVerdict>> SqliteJournal::ClaimAll(
    std::span<const ClaimRequest> batch) {
  RETURN_IF_ERROR(past_.ReadAhead(batch.size()));
  std::vector<ClaimVerdict> verdicts;
  verdicts.reserve(batch.size());
  for (const ClaimRequest& request : batch) {
    ASSIGN_OR_RETURN(ClaimVerdict verdict, ClaimOne(request));
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

Result<ClaimVerdict> SqliteJournal::ClaimOne(const ClaimRequest& request) {
  using Kind = ClaimVerdict::Kind;
  const Key128 key = HashKey(request.source_key);
  if (request.claim.empty()) return Recall(request, key);
  ASSIGN_OR_RETURN(const bool repeated, claims_.IsRepeated(request, key));
  if (repeated) return ClaimVerdict{Kind::kDuplicate, 0, "", {}};
  const Key128 name = HashKey(request.claim);
  // If the row that was read ahead says that the item itself owns the name, the
  // query for another owner can be saved.
  if (!past_.OwnsClaim(key, name)) {
    ASSIGN_OR_RETURN(std::string earlier, past_.OwnerOfClaim(name, key));
    if (!earlier.empty())
      return ClaimVerdict{Kind::kCollision, 0, std::move(earlier), {}};
  }
  ASSIGN_OR_RETURN(const auto answer, claims_.Claim(name, key));
  if (answer.other) {
    ASSIGN_OR_RETURN(std::string owner, OwnerOf(*answer.other));
    return ClaimVerdict{Kind::kCollision, 0, std::move(owner), {}};
  }
  if (!answer.fresh) return ClaimVerdict{Kind::kDuplicate, 0, "", {}};
  recent_.Add(key, request.source_key);
  return Recall(request, key);
}

Result<std::string> SqliteJournal::OwnerOf(const Key128& key) {
  if (std::string recent = recent_.Find(key); !recent.empty()) return recent;
  ASSIGN_OR_RETURN(std::string source, past_.SourceOf(key));
  return source.empty() ? std::string(kSomeOwner) : source;
}

Result<ClaimVerdict> SqliteJournal::Recall(const ClaimRequest& request,
                                           const Key128& key) {
  ASSIGN_OR_RETURN(const std::optional<PastRecord> past, past_.Find(key));
  return past ? JudgePast(options_, request, *past) : ClaimVerdict{};
}

Result<std::optional<TakenName>> SqliteJournal::ClaimNames(
    std::span<const std::string> names, const std::string& source_key) {
  const std::lock_guard lock(mutex_);
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(std::string owner, ClaimName(name, source_key));
    if (!owner.empty()) return TakenName{name, std::move(owner)};
  }
  return std::nullopt;
}

Result<std::string> SqliteJournal::ClaimName(const std::string& name,
                                             const std::string& source_key) {
  const Key128 key = HashKey(source_key);
  const Key128 name_key = HashKey(name);
  // The name may belong to a finished item of an earlier run as its claim or as
  // the name of an output.
  ASSIGN_OR_RETURN(std::string earlier, past_.OwnerOfClaim(name_key, key));
  if (earlier.empty()) {
    ASSIGN_OR_RETURN(earlier, past_.OwnerOfLateName(name_key, key));
  }
  if (!earlier.empty()) return earlier;
  named_.insert(key);
  ASSIGN_OR_RETURN(const auto answer, claims_.Claim(name_key, key));
  if (!answer.other) return std::string();
  return OwnerOf(*answer.other);
}

// Adds the outputs that an earlier run made from the same bytes to the record's
// own. With `revalidate`, the bytes of a URL may have changed, so nothing is
// added.
Result<std::string> SqliteJournal::MergedOutputs(const ItemRecord& record,
                                                 const Key128& key) {
  const bool anew = options_.revalidate && record.stamp.empty();
  if (anew || record.status != ItemStatus::kDone)
    return PackOutputs(record.outputs);
  ASSIGN_OR_RETURN(const std::optional<PastRecord> past, past_.LookUp(key));
  std::vector<OutputRecord> outputs = record.outputs;
  if (past && past->status == "done" && past->stamp == record.stamp) {
    for (OutputRecord& old : UnpackOutputs(past->outputs)) {
      const bool again = std::any_of(
          outputs.begin(), outputs.end(),
          [&](const OutputRecord& now) { return now.size == old.size; });
      if (!again) outputs.push_back(std::move(old));
    }
  }
  return PackOutputs(outputs);
}

Status SqliteJournal::Insert(const ItemRecord& record) {
  PackedRecord packed = Pack(record);
  ASSIGN_OR_RETURN(packed.outputs, MergedOutputs(record, packed.key));
  if (past_.count() > 0)
    RETURN_IF_ERROR(forget_.Bind(1, ByteSpan(packed.key)).Run());
  BindRecord(record, packed, bounds_, &insert_);
  RETURN_IF_ERROR(insert_.Run());
  return InsertNames(record, packed.key);
}

// Only items that called ClaimNames() need rows in `names`: the claim of the
// others tells their names.
Status SqliteJournal::InsertNames(const ItemRecord& record, const Key128& key) {
  if (named_.erase(key) == 0 || record.status != ItemStatus::kDone) return {};
  for (const OutputRecord& output : record.outputs) {
    const Key128 name = HashKey(output.name);
    RETURN_IF_ERROR(
        insert_name_.Bind(1, ByteSpan(name)).Bind(2, ByteSpan(key)).Run());
  }
  return {};
}

Status SqliteJournal::Commit(std::span<const ItemRecord> batch) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(db_.Execute("BEGIN IMMEDIATE"));
  TM_FAIL_POINT("journal-begun");
  for (const ItemRecord& record : batch) {
    Status inserted = Insert(record);
    TM_FAIL_POINT("record-inserted");
    if (inserted) continue;
    (void)db_.Execute("ROLLBACK");
    return inserted;
  }
  TM_FAIL_POINT("journal-commit");
  Status committed = db_.Execute("COMMIT");
  TM_FAIL_POINT("journal-committed");
  if (!committed) (void)db_.Execute("ROLLBACK");
  return committed;
}

Result<JournalCounts> SqliteJournal::Counts() {
  const std::lock_guard lock(mutex_);
  return CountRecords(&db_);
}

Status SqliteJournal::Walk(const RecordFilter& filter, const Visit& visit) {
  return WalkRecords(&db_, &mutex_, filter, visit);
}

}  // namespace

Result<std::unique_ptr<Journal>> OpenJournal(const JournalOptions& options) {
  auto journal = std::make_unique<SqliteJournal>(options);
  if (Status opened = journal->Open(); !opened) {
    return tl::unexpected<Error>(WithPath(opened.error(), options.state_dir));
  }
  return journal;
}

}  // namespace thumbmill
