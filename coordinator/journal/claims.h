// coordinator/journal/claims.h: who owns which name in this run.
//
// Owns     a throw-away database: in a file that is unlinked at once, so that
//          memory is bounded, or in memory.
// Runs in  the thread of its journal.
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
  // Of a name that was claimed.
  struct Answer {
    bool fresh = false;           // nobody owned it before
    std::optional<Key128> other;  // the owner, if it is not who asked
  };

  // In a file of the folder, which nothing stays behind of, however the run
  // ends.
  [[nodiscard]] Status Open(int folder);
  [[nodiscard]] Status OpenInMemory();
  [[nodiscard]] Status Begin() { return db_.Execute("BEGIN"); }
  [[nodiscard]] Status End() { return db_.Execute("COMMIT"); }

  // `key` owns the name from now on, if nobody else does.
  [[nodiscard]] Result<Answer> Claim(const Key128& name, const Key128& key);
  // True: this source was named before, under a name that holds its position.
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

// The last few sources that claimed names: to name them in a collision.
class RecentOwners {
 public:
  void Add(const Key128& key, const std::string& source);
  // Empty: not known any more.
  [[nodiscard]] std::string Find(const Key128& key) const;

 private:
  std::unordered_map<Key128, std::string, KeyHash> names_;
};

inline constexpr const char* kSomeOwner = "another source of this run";

}  // namespace thumbmill
