#include "coordinator/journal/claims.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "common/unique_fd.h"

namespace thumbmill {
namespace {

// The database does not outlive the run, so SQLite need not sync it or protect
// it against a crash.
constexpr const char* kSchema =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-24576;"
    "CREATE TABLE claims(name BLOB PRIMARY KEY, owner BLOB) WITHOUT ROWID;";

constexpr const char* kFile = "claims.sqlite";

// Sources that RecentOwners remembers. They only serve messages, so Add() may
// forget all of them when they become too many.
constexpr std::size_t kRememberedOwners = 1 << 14;

}  // namespace

Status Claims::Open(int folder) {
  if (unlinkat(folder, kFile, 0) != 0 && errno != ENOENT)
    return FailSystem("cannot remove the file of claims", errno);
  // Make the file here with mode 0600: SQLite would make it readable for all.
  if (!UniqueFd(
           openat(folder, kFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))
           .valid())
    return FailSystem("cannot make the file of claims", errno);
  Result<Database> opened = Database::Open(folder, kFile);
  Status made;
  if (opened) {
    db_ = std::move(*opened);
    made = MakeTable();
  } else {
    made = tl::unexpected<Error>(std::move(opened).error());
  }
  unlinkat(folder, kFile, 0);
  return made;
}

Status Claims::OpenInMemory() {
  ASSIGN_OR_RETURN(db_, Database::OpenInMemory());
  return MakeTable();
}

Status Claims::MakeTable() {
  RETURN_IF_ERROR(db_.Execute(kSchema));
  ASSIGN_OR_RETURN(insert_,
                   db_.Prepare("INSERT OR IGNORE INTO claims VALUES(?, ?)"));
  ASSIGN_OR_RETURN(find_,
                   db_.Prepare("SELECT owner FROM claims WHERE name = ?"));
  return {};
}

Result<Claims::Answer> Claims::Claim(const Key128& name, const Key128& key) {
  RETURN_IF_ERROR(insert_.Bind(1, ByteSpan(name)).Bind(2, ByteSpan(key)).Run());
  if (db_.changes() > 0) return Answer{true, std::nullopt};
  ASSIGN_OR_RETURN(const bool found, find_.Bind(1, ByteSpan(name)).Step());
  Answer answer;
  const ByteSpan owner = find_.Blob(0);
  if (found &&
      !std::equal(owner.begin(), owner.end(), key.begin(), key.end())) {
    answer.other.emplace();
    std::copy_n(owner.begin(), std::min(owner.size(), key.size()),
                answer.other->begin());
  }
  find_.Reset();
  return answer;
}

Result<bool> Claims::IsRepeated(const ClaimRequest& request,
                                const Key128& key) {
  if (!request.claim_varies) return false;
  // Names and sources share one table. A name cannot contain a NUL, so this key
  // is never the key of a name.
  const Key128 source = HashKey(std::string(1, '\0') + request.source_key);
  ASSIGN_OR_RETURN(const auto answer, Claim(source, key));
  return !answer.fresh;
}

std::size_t KeyHash::operator()(const Key128& key) const {
  std::size_t value = 0;
  std::copy_n(key.begin(), sizeof value,
              reinterpret_cast<std::uint8_t*>(&value));
  return value;
}

void RecentOwners::Add(const Key128& key, const std::string& source) {
  if (names_.size() >= kRememberedOwners) names_.clear();
  names_.emplace(key, source);
}

std::string RecentOwners::Find(const Key128& key) const {
  const auto found = names_.find(key);
  return found == names_.end() ? "" : found->second;
}

}  // namespace thumbmill
