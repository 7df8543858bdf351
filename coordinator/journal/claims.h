// coordinator/journal/claims.h: the owner of each name in this run.
//
// Owns     a throw-away database, in memory or in a file that is unlinked at
//          once. The file bounds the memory.
// Runs in  the thread that calls its journal, under the journal's mutex.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/hash.h"
#include "common/result.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

class Claims {
 public:
  // The result of a claim.
  struct Answer {
    bool fresh = false;           // nobody owned the name before
    std::optional<Key128> other;  // the owner, if it is not the claimer
  };

  // Opens the database in a file of the folder. The file is unlinked at once,
  // so that nothing of it is left, however the run ends.
  [[nodiscard]] Status Open(int folder);
  [[nodiscard]] Status OpenInMemory();
  [[nodiscard]] Status Begin() { return db_.Execute("BEGIN"); }
  [[nodiscard]] Status End() { return db_.Execute("COMMIT"); }

  // Makes `key` the owner of the name, if the name has no other owner.
  [[nodiscard]] Result<Answer> Claim(const Key128& name, const Key128& key);
  // Returns true if the claim contains the item's position and this run has
  // listed the same source before. Notes the source.
  [[nodiscard]] Result<bool> IsRepeated(const ClaimRequest& request,
                                        const Key128& key);

 private:
  [[nodiscard]] Status MakeTable();
  Database db_;
  Statement insert_, find_;
};

struct KeyHash {
  std::size_t operator()(const Key128& key) const;
};

// The sources that claimed names lately, for the text of a collision.
class RecentOwners {
 public:
  void Add(const Key128& key, const std::string& source);
  // Returns an empty text if the source is no longer known.
  [[nodiscard]] std::string Find(const Key128& key) const;

 private:
  std::unordered_map<Key128, std::string, KeyHash> names_;
};

inline constexpr const char* kSomeOwner = "another source of this run";

}  // namespace thumbmill
