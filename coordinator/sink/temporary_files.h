// coordinator/sink/temporary_files.h: the files of a directory target between
// Put() and Publish().
//
// Owns     <target>/.thumbmill/tmp, which is on the target's own device, and
//          the names of each item's files in it.
// Threads  any; Prepare() first.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "coordinator/sink/sink.h"

namespace thumbmill {

class TemporaryFiles {
 public:
  // `target` is shown in errors. `sync_each` syncs each file when it is
  // written.
  TemporaryFiles(std::string target, bool sync_each)
      : target_(std::move(target)), sync_each_(sync_each) {}

  // Opens the folder in `own`, <target>/.thumbmill, and removes the files of a
  // killed run. Writes a byte, since a full or read-only disk should not show
  // only after the first download.
  [[nodiscard]] Status Prepare(int own);
  // Writes the files of an item. After an error none of them is left.
  [[nodiscard]] Status Write(const StoreItem& item);
  // Returns the names of an item's files, relative to fd(), and forgets them.
  [[nodiscard]] std::vector<std::string> Take(const StoreItem& item);
  void Remove(const std::vector<std::string>& names);

  [[nodiscard]] int fd() const { return folder_.get(); }

 private:
  [[nodiscard]] Status Purge(const std::string& folder);
  [[nodiscard]] Status WriteOne(const std::string& name, ByteSpan bytes);
  std::string NextName();

  std::string target_;
  bool sync_each_;
  UniqueFd folder_;
  std::atomic<std::uint64_t> next_{0};
  std::mutex mutex_;
  std::unordered_map<const StoreItem*, std::vector<std::string>> names_;
};

}  // namespace thumbmill
