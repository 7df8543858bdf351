#include "coordinator/journal/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "common/fail_point.h"
#include "common/lock_file.h"
#include "common/own_files.h"
#include "common/unique_fd.h"
#include "coordinator/journal/claims.h"
#include "coordinator/journal/journal_file.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {
namespace {

constexpr const char* kSchemaVersion = "1";

constexpr const char* kForgetAll =
    "BEGIN; DELETE FROM items; DELETE FROM names;"
    "DROP INDEX IF EXISTS items_key; DROP INDEX IF EXISTS done_claims; COMMIT";

// ---- texts -------------------------------------------------------------

// Writes one output per line, its fields separated by tabs. Names contain
// neither tabs nor newlines.
std::string PackOutputs(const std::vector<OutputRecord>& outputs) {
  std::string text;
  for (const OutputRecord& output : outputs)
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\t{}\t{}\n",
                   output.size, output.name, output.width, output.height,
                   output.bytes, output.sha256);
  return text;
}

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <typename T>
T Number(const std::string& text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// No recipe has more sizes, but a journal that somebody else wrote may claim
// more.
constexpr std::size_t kMostOutputs = 1024;

std::vector<OutputRecord> UnpackOutputs(std::string_view text) {
  std::vector<OutputRecord> outputs;
  while (!text.empty() && outputs.size() < kMostOutputs) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string> field = Split(text.substr(0, end), '\t');
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.size() != 6) continue;
    OutputRecord output;
    output.size = field[0];
    output.name = field[1];
    output.width = Number<std::uint32_t>(field[2]);
    output.height = Number<std::uint32_t>(field[3]);
    output.bytes = Number<std::uint64_t>(field[4]);
    output.sha256 = field[5];
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::string PackBounds(const std::array<std::uint64_t, 3>& bounds) {
  return fmt::format("{} {} {}", bounds[0], bounds[1], bounds[2]);
}

bool AnyLarger(const std::array<std::uint64_t, 3>& now, std::string_view then) {
  const std::vector<std::string> parts = Split(then, ' ');
  for (std::size_t i = 0; i < now.size() && i < parts.size(); ++i)
    if (now[i] > Number<std::uint64_t>(parts[i])) return true;
  return false;
}

// Returns false for a text that cannot be a recipe. Our recipes are small and
// flat; the JSON parser could run out of stack or memory with another text.
bool MayBeRecipe(std::string_view text) {
  constexpr std::size_t kMostBytes = 64 << 10;
  constexpr int kMostLevels = 8;
  if (text.size() > kMostBytes) return false;
  bool quoted = false;
  int level = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '[' || c == '{') ++level;
    if (c == ']' || c == '}') --level;
    if (level > kMostLevels) return false;
  }
  return true;
}

std::string ShortDump(const nlohmann::json& json) {
  constexpr std::size_t kMostShown = 200;
  std::string text =
      json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() <= kMostShown) return text;
  return text.substr(0, kMostShown) + "...";
}

// Returns a text such as "quality (was {"jpg":80}, is {"jpg":90}), format (…)",
// or an empty one if the recipes have the same values.
std::string Differences(const std::string& was, const std::string& is) {
  const auto parse = [](const std::string& text) {
    auto json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() ? json : nlohmann::json::object();
  };
  const nlohmann::json before = parse(was), now = parse(is);
  std::string text;
  const auto of = [](const nlohmann::json& json, const std::string& key) {
    return json.contains(key) ? json[key] : nlohmann::json();
  };
  nlohmann::json keys = before;
  keys.update(now);
  for (const auto& [key, unused] : keys.items()) {
    const nlohmann::json old = of(before, key), value = of(now, key);
    if (old == value) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} (was {}, is {})", key, ShortDump(old),
                        ShortDump(value));
  }
  return text;
}

// ---- SQLite journal ----------------------------------------------------

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
  std::uint64_t recorded_before() const override { return recorded_; }
  Status ForEachFailed(
      const std::function<void(const ItemRecord&)>& visit) override;

 private:
  Status CheckMeta();
  Status FindRecords();
  Status SetMeta(const char* key, std::string_view value);
  Result<std::string> GetMeta(const char* key);
  Status PrepareAll();
  Result<ClaimVerdict> ClaimOne(const ClaimRequest& request);
  // Returns an empty text if `source_key` owns the name now, else the source of
  // its owner.
  Result<std::string> ClaimName(const std::string& name,
                                const std::string& source_key);
  Result<std::string> OwnerOf(const Key128& key);
  // Returns the source of the finished item, other than `key`, that owns the
  // name in the journal. Returns an empty text if there is none.
  Result<std::string> EarlierOwner(Statement* query, const Key128& name,
                                   const Key128& key);
  Result<ClaimVerdict> Recall(const ClaimRequest& request, const Key128& key);
  // The recorded fields of an item that a verdict needs.
  struct Memory {
    std::int64_t row = 0;
    std::string status, reason, stamp, outputs, bounds;
    bool owns_claim = false;  // the item is done, under `claim`
    Key128 claim{};
  };
  // Returns nothing if the item has no record.
  Result<std::optional<Memory>> Remember(const Key128& key);
  static Memory MemoryOf(const Statement& row);
  Status ReadAhead(std::size_t items);
  Result<std::vector<ClaimVerdict>> ClaimAll(
      std::span<const ClaimRequest> batch);
  bool OwnsClaim(const Key128& key, const Key128& name) const;
  ClaimVerdict RecallDone(const ClaimRequest& request,
                          std::string_view outputs) const;
  Status Insert(const ItemRecord& record);
  Status InsertNames(const ItemRecord& record, const Key128& key);
  Result<std::string> MergedOutputs(const ItemRecord& record,
                                    const Key128& key);

  JournalOptions options_;
  std::mutex mutex_;  // held by each public method
  UniqueFd lock_;
  Database db_;
  Statement insert_, forget_, recall_, ahead_query_, owner_, claim_owner_,
      name_owner_, insert_name_;
  Claims claims_;
  RecentOwners recent_;
  // Items that called ClaimName() and are not recorded yet.
  std::unordered_set<Key128, KeyHash> named_;
  bool had_records_ = false;  // before this run; if false, nothing is looked up
  // The rows after the last row that was found, for one batch. A rerun mostly
  // lists items in the order of their rows, so one query reads many of them.
  std::unordered_map<Key128, Memory, KeyHash> ahead_;
  std::int64_t last_row_ = 0;
  int in_vain_ = 0;  // batches in a row that found nothing in ahead_
  std::uint64_t recorded_ = 0;
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
  RETURN_IF_ERROR(CheckMeta());
  RETURN_IF_ERROR(FindRecords());
  RETURN_IF_ERROR(PrepareAll());
  TM_FAIL_POINT("journal-open");
  bounds_ = PackBounds(options_.cost_bounds);
  return claims_.Open(state);
}

Status SqliteJournal::FindRecords() {
  {
    // The largest rowid stands for the number of rows: count(*) would read the
    // whole table.
    ASSIGN_OR_RETURN(Statement last,
                     db_.Prepare("SELECT max(rowid) FROM items"));
    ASSIGN_OR_RETURN(const bool said, last.Step());
    // Rows of ours count from 1; a foreign journal may contain negative ones.
    recorded_ = said ? static_cast<std::uint64_t>(
                           std::max<std::int64_t>(last.Integer(0), 0))
                     : 0;
    had_records_ = recorded_ > 0;
  }
  if (!had_records_) return {};
  return db_.Execute(kJournalIndexes);
}

Result<std::string> SqliteJournal::GetMeta(const char* key) {
  ASSIGN_OR_RETURN(Statement get,
                   db_.Prepare("SELECT value FROM meta WHERE key = ?"));
  ASSIGN_OR_RETURN(const bool found, get.Bind(1, std::string_view(key)).Step());
  return found ? get.Text(0) : std::string();
}

Status SqliteJournal::SetMeta(const char* key, std::string_view value) {
  ASSIGN_OR_RETURN(Statement set,
                   db_.Prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)"));
  return set.Bind(1, std::string_view(key)).Bind(2, value).Run();
}

Status SqliteJournal::CheckMeta() {
  ASSIGN_OR_RETURN(const std::string version, GetMeta("version"));
  if (!version.empty() && version != kSchemaVersion)
    return Fail(ErrorCode::kUsage,
                fmt::format("{} was written by another version of the "
                            "program; use another --state",
                            options_.state_dir));
  ASSIGN_OR_RETURN(const std::string recipe, GetMeta("recipe"));
  if (!MayBeRecipe(recipe))
    return Fail(ErrorCode::kBadData, "the journal: its recipe is too large");
  if (options_.overwrite) {
    RETURN_IF_ERROR(db_.Execute(kForgetAll));
  } else if (!recipe.empty() && recipe != options_.recipe) {
    const std::string what = Differences(recipe, options_.recipe);
    if (!what.empty())
      return Fail(ErrorCode::kUsage,
                  fmt::format("the job in {} has another recipe: {}. Use "
                              "--overwrite to make everything again, or "
                              "another --output or --state",
                              options_.state_dir, what));
  }
  RETURN_IF_ERROR(SetMeta("version", kSchemaVersion));
  return SetMeta("recipe", options_.recipe);
}

Status SqliteJournal::PrepareAll() {
  ASSIGN_OR_RETURN(insert_,
                   db_.Prepare("INSERT INTO items VALUES(?,?,?,?,?,?,?,?,?,?,"
                               "?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  ASSIGN_OR_RETURN(forget_, db_.Prepare("DELETE FROM items WHERE key = ?"));
  ASSIGN_OR_RETURN(
      recall_,
      db_.Prepare("SELECT status, reason, stamp, outputs, bounds, rowid,"
                  " claim_key FROM items WHERE key = ?"));
  ASSIGN_OR_RETURN(
      ahead_query_,
      db_.Prepare("SELECT status, reason, stamp, outputs, bounds, rowid,"
                  " claim_key, key FROM items WHERE rowid > ? ORDER BY rowid"
                  " LIMIT ?"));
  ASSIGN_OR_RETURN(owner_, db_.Prepare("SELECT uri FROM items WHERE key = ?"));
  ASSIGN_OR_RETURN(claim_owner_,
                   db_.Prepare("SELECT uri FROM items WHERE claim_key = ?"
                               " AND status = 'done' AND key <> ? LIMIT 1"));
  ASSIGN_OR_RETURN(
      name_owner_,
      db_.Prepare("SELECT items.uri FROM names JOIN items USING(key)"
                  " WHERE names.name = ? AND items.status = 'done'"
                  " AND items.key <> ?"));
  ASSIGN_OR_RETURN(insert_name_,
                   db_.Prepare("INSERT OR REPLACE INTO names VALUES(?, ?)"));
  return {};
}

Result<std::string> SqliteJournal::OwnerOf(const Key128& key) {
  if (std::string recent = recent_.Find(key); !recent.empty()) return recent;
  if (!had_records_) return std::string(kSomeOwner);
  ASSIGN_OR_RETURN(const bool found, owner_.Bind(1, ByteSpan(key)).Step());
  std::string uri = found ? owner_.Text(0) : kSomeOwner;
  owner_.Reset();
  return uri;
}

Result<std::string> SqliteJournal::EarlierOwner(Statement* query,
                                                const Key128& name,
                                                const Key128& key) {
  if (!had_records_) return std::string();
  ASSIGN_OR_RETURN(
      const bool found,
      query->Bind(1, ByteSpan(name)).Bind(2, ByteSpan(key)).Step());
  std::string uri = found ? query->Text(0) : std::string();
  query->Reset();
  return uri;
}

Result<std::vector<ClaimVerdict>> SqliteJournal::Claim(
    std::span<const ClaimRequest> batch) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(claims_.Begin());
  // One transaction, because each single query would take the file's locks
  // anew.
  if (had_records_) RETURN_IF_ERROR(db_.Execute("BEGIN"));
  Result<std::vector<ClaimVerdict>> verdicts = ClaimAll(batch);
  if (had_records_) {
    const Status ended = db_.Execute("COMMIT");
    if (verdicts) RETURN_IF_ERROR(ended);
  }
  if (verdicts) RETURN_IF_ERROR(claims_.End());
  return verdicts;
}

Result<std::vector<ClaimVerdict>> SqliteJournal::ClaimAll(
    std::span<const ClaimRequest> batch) {
  RETURN_IF_ERROR(ReadAhead(batch.size()));
  std::vector<ClaimVerdict> verdicts;
  verdicts.reserve(batch.size());
  for (const ClaimRequest& request : batch) {
    ASSIGN_OR_RETURN(ClaimVerdict verdict, ClaimOne(request));
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

SqliteJournal::Memory SqliteJournal::MemoryOf(const Statement& row) {
  Memory memory;
  memory.row = row.Integer(5);
  memory.status = row.Text(0);
  memory.reason = row.Text(1);
  memory.stamp = row.Text(2);
  memory.outputs = row.Text(3);
  memory.bounds = row.Text(4);
  // A foreign journal may contain a blob of any size here.
  const ByteSpan claim = row.Blob(6);
  if (claim.size() == memory.claim.size()) {
    std::copy(claim.begin(), claim.end(), memory.claim.begin());
    memory.owns_claim = memory.status == "done";
  }
  return memory;
}

// Stops to read ahead after some batches in vain: the list then has another
// order than the rows, and each read is lost work.
Status SqliteJournal::ReadAhead(std::size_t items) {
  constexpr int kMostInVain = 16;
  constexpr std::size_t kMostBytes = 4 << 20;
  ahead_.clear();
  if (!had_records_ || in_vain_ >= kMostInVain) return {};
  ++in_vain_;  // Remember() sets it back when it finds an item in ahead_
  ahead_query_.Bind(1, last_row_).Bind(2, static_cast<std::int64_t>(items));
  std::size_t bytes = 0;
  while (bytes < kMostBytes) {
    ASSIGN_OR_RETURN(const bool row, ahead_query_.Step());
    if (!row) break;
    Memory memory = MemoryOf(ahead_query_);
    bytes += memory.outputs.size() + memory.stamp.size();
    const ByteSpan blob = ahead_query_.Blob(7);
    Key128 key{};
    if (blob.size() != key.size()) continue;
    std::copy(blob.begin(), blob.end(), key.begin());
    ahead_.emplace(key, std::move(memory));
  }
  ahead_query_.Reset();
  return {};
}

bool SqliteJournal::OwnsClaim(const Key128& key, const Key128& name) const {
  const auto known = ahead_.find(key);
  return known != ahead_.end() && known->second.owns_claim &&
         known->second.claim == name;
}

Result<std::optional<SqliteJournal::Memory>> SqliteJournal::Remember(
    const Key128& key) {
  if (const auto known = ahead_.find(key); known != ahead_.end()) {
    in_vain_ = 0;
    last_row_ = std::max(last_row_, known->second.row);
    return known->second;
  }
  ASSIGN_OR_RETURN(const bool found, recall_.Bind(1, ByteSpan(key)).Step());
  std::optional<Memory> memory;
  if (found) {
    memory = MemoryOf(recall_);
    last_row_ = memory->row;
  }
  recall_.Reset();
  return memory;
}

Result<ClaimVerdict> SqliteJournal::ClaimOne(const ClaimRequest& request) {
  using Kind = ClaimVerdict::Kind;
  const Key128 key = HashKey(request.source_key);
  if (request.claim.empty()) return Recall(request, key);
  ASSIGN_OR_RETURN(const bool repeated, claims_.IsRepeated(request, key));
  if (repeated) return ClaimVerdict{Kind::kDuplicate, 0, "", {}};
  const Key128 name = HashKey(request.claim);
  // If the row in ahead_ says that the item itself owns the name, the query for
  // another owner can be saved.
  if (!OwnsClaim(key, name)) {
    ASSIGN_OR_RETURN(std::string earlier,
                     EarlierOwner(&claim_owner_, name, key));
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

Result<ClaimVerdict> SqliteJournal::Recall(const ClaimRequest& request,
                                           const Key128& key) {
  using Kind = ClaimVerdict::Kind;
  ClaimVerdict verdict;
  if (!had_records_) return verdict;
  ASSIGN_OR_RETURN(const std::optional<Memory> memory, Remember(key));
  if (!memory) return verdict;
  const auto status = ItemStatusFromWord(memory->status);
  const Reason reason = ReasonFromWord(memory->reason).value_or(Reason::kNone);

  verdict.kind = Kind::kAgain;
  verdict.reason = reason;
  if (!status || memory->stamp != request.stamp) return verdict;
  if (status == ItemStatus::kDone) return RecallDone(request, memory->outputs);
  // These results may differ today: filters and names come from the command
  // line, and time may cure a transient failure.
  const bool judged_anew = reason == Reason::kFiltered ||
                           reason == Reason::kNameCollision ||
                           IsTransient(reason);
  // The item was too expensive for the bounds of its run, but ours are larger.
  const bool affordable = reason == Reason::kTooCostly &&
                          AnyLarger(options_.cost_bounds, memory->bounds);
  if (judged_anew || affordable) return verdict;
  if (status == ItemStatus::kSkipped) {
    verdict.kind = Kind::kSkippedBefore;
  } else if (!options_.retry_failed) {
    verdict.kind = Kind::kFailedBefore;
  }
  return verdict;
}

ClaimVerdict SqliteJournal::RecallDone(const ClaimRequest& request,
                                       std::string_view outputs) const {
  ClaimVerdict verdict;
  if (options_.revalidate && request.stamp.empty()) {
    verdict.kind = ClaimVerdict::Kind::kAgain;
    return verdict;
  }
  std::vector<OutputRecord> made = UnpackOutputs(outputs);
  verdict.missing_mask = 0;
  for (std::size_t i = 0; i < options_.sizes.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const auto there =
        std::find_if(made.begin(), made.end(), [&](const OutputRecord& output) {
          return output.size == options_.sizes[i];
        });
    if (there == made.end()) {
      verdict.missing_mask |= bit;
    } else if (options_.tell_made) {
      verdict.made.push_back({bit, std::move(there->name), there->bytes});
    }
  }
  verdict.kind = verdict.missing_mask == 0 ? ClaimVerdict::Kind::kDone
                                           : ClaimVerdict::Kind::kPartly;
  return verdict;
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
  for (Statement* query : {&claim_owner_, &name_owner_}) {
    ASSIGN_OR_RETURN(std::string earlier, EarlierOwner(query, name_key, key));
    if (!earlier.empty()) return earlier;
  }
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
  if (!had_records_ || anew || record.status != ItemStatus::kDone)
    return PackOutputs(record.outputs);
  ASSIGN_OR_RETURN(const bool found, recall_.Bind(1, ByteSpan(key)).Step());
  std::vector<OutputRecord> outputs = record.outputs;
  if (found && recall_.Text(0) == "done" && recall_.Text(2) == record.stamp) {
    for (OutputRecord& old : UnpackOutputs(recall_.Text(3))) {
      const bool again = std::any_of(
          outputs.begin(), outputs.end(),
          [&](const OutputRecord& now) { return now.size == old.size; });
      if (!again) outputs.push_back(std::move(old));
    }
  }
  recall_.Reset();
  return PackOutputs(outputs);
}

Status SqliteJournal::Insert(const ItemRecord& record) {
  const Key128 key = HashKey(record.source_key);
  const Key128 claim_key = HashKey(record.claim);
  ASSIGN_OR_RETURN(const std::string outputs, MergedOutputs(record, key));
  const std::string warnings =
      fmt::format("{}", fmt::join(record.warnings, "\n"));
  if (had_records_) RETURN_IF_ERROR(forget_.Bind(1, ByteSpan(key)).Run());
  insert_.Bind(1, ByteSpan(key))
      .Bind(2, static_cast<std::int64_t>(record.index))
      .Bind(3, record.uri)
      .Bind(4, record.claim)
      .Bind(5, ByteSpan(claim_key))
      .Bind(6, record.stamp)
      .Bind(7, ToWord(record.status))
      .Bind(8, ToWord(record.reason))
      .Bind(9, record.message)
      .Bind(10, warnings)
      .Bind(11, std::int64_t{record.attempts})
      .Bind(12, std::int64_t{record.signal})
      .Bind(13, record.phase)
      .Bind(14, std::int64_t{record.width})
      .Bind(15, std::int64_t{record.height})
      .Bind(16, static_cast<std::int64_t>(record.bytes_in))
      .Bind(17, record.sha256)
      .Bind(18, outputs)
      .Bind(19, record.host)
      .Bind(20, record.dir)
      .Bind(21, record.stem)
      .Bind(22, record.srcext)
      .Bind(23, bounds_);
  RETURN_IF_ERROR(insert_.Run());
  return InsertNames(record, key);
}

// Only items that called ClaimName() need rows in `names`: the claim of the
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
  ASSIGN_OR_RETURN(Statement rows,
                   db_.Prepare("SELECT status, reason, count(*) FROM items"
                               " GROUP BY status, reason"));
  JournalCounts counts;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return counts;
    const std::string status = rows.Text(0), reason = rows.Text(1);
    const auto count = static_cast<std::uint64_t>(rows.Integer(2));
    if (status == "done") counts.done += count;
    if (status == "skipped") {
      counts.skipped += count;
      counts.skipped_by_reason[reason] += count;
    }
    if (status == "failed") {
      counts.failed += count;
      counts.failed_by_reason[reason] += count;
    }
  }
}

Status SqliteJournal::ForEachFailed(
    const std::function<void(const ItemRecord&)>& visit) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(
      Statement rows,
      db_.Prepare("SELECT idx, uri, claim, stamp, reason, message, attempts,"
                  " signal, phase, width, height, bytes_in, sha256, host, dir,"
                  " stem, srcext FROM items WHERE status = 'failed'"
                  " ORDER BY idx"));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return {};
    ItemRecord record;
    record.index = static_cast<std::uint64_t>(rows.Integer(0));
    record.uri = rows.Text(1);
    record.claim = rows.Text(2);
    record.stamp = rows.Text(3);
    record.status = ItemStatus::kFailed;
    record.reason = ReasonFromWord(rows.Text(4)).value_or(Reason::kNone);
    record.message = rows.Text(5);
    record.attempts = static_cast<std::uint32_t>(rows.Integer(6));
    record.signal = static_cast<int>(rows.Integer(7));
    record.phase = rows.Text(8);
    record.width = static_cast<std::uint32_t>(rows.Integer(9));
    record.height = static_cast<std::uint32_t>(rows.Integer(10));
    record.bytes_in = static_cast<std::uint64_t>(rows.Integer(11));
    record.sha256 = rows.Text(12);
    record.host = rows.Text(13);
    record.dir = rows.Text(14);
    record.stem = rows.Text(15);
    record.srcext = rows.Text(16);
    visit(record);
  }
}

}  // namespace

Result<std::unique_ptr<Journal>> OpenJournal(const JournalOptions& options) {
  auto journal = std::make_unique<SqliteJournal>(options);
  if (Status opened = journal->Open(); !opened) {
    Error error = opened.error();
    if (error.code == ErrorCode::kBadData)
      error.what += fmt::format(
          " ({}/journal.sqlite is damaged, or no journal of ours; move it away "
          "or use another --state)",
          options.state_dir);
    return tl::unexpected<Error>(std::move(error));
  }
  return journal;
}

}  // namespace thumbmill
