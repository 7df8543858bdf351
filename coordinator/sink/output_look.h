// coordinator/sink/output_look.h: checks that outputs of finished items still
// exist and still have the recorded size.
//
// The problem: some disks and network file systems are slow to look up names
// one by one.
//
// The idea: the first question about a folder lists the whole folder, reads the
// sizes in the order of inodes, and keeps 16 bytes for each file. A rerun so
// reads each folder once. Some cases do not pay: a folder of a million files,
// more folders in turn than fit in memory, few outputs among many other files.
// There each output is looked up by itself, in its open folder.
//
// Memory   at most kMostKept files of 16 bytes, kMostOpen descriptors.
// Threads  one; Stop() from any thread.
// Errors   none: an output that cannot be read counts as missing. The run makes
//          it again, and reports the error then.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/unique_fd.h"

namespace thumbmill {

class OutputLook {
 public:
  static constexpr std::size_t kMostKept = 1 << 20;
  static constexpr std::size_t kMostOpen = 16;

  // The target may be missing; it then has no outputs.
  explicit OutputLook(const std::string& target);

  // Returns true if `name`, relative to the target, is a regular file of this
  // size and no part of its path is a link.
  [[nodiscard]] bool IsThere(const std::string& name, std::uint64_t bytes);
  // Makes IsThere() return true at once from now on. For a run that ends.
  void Stop() { stop_ = true; }

  [[nodiscard]] std::uint64_t listed() const { return listed_; }

 private:
  struct File {
    std::uint64_t name;  // hash of the name
    std::uint64_t bytes;
    bool operator<(const File& other) const { return name < other.name; }
  };
  struct Folder {
    std::vector<File> files;  // sorted
    bool large = false;       // no list is kept: look up each file
  };
  struct Found {  // one name of a folder that is being read
    std::uint64_t inode;
    std::string name;
  };

  const Folder& List(const std::string& name);
  void Read(int fd, Folder* folder);
  void Measure(int fd, std::vector<Found>* found, Folder* folder);
  bool IsThereAlone(const std::string& folder, const char* base,
                    std::uint64_t bytes);

  UniqueFd target_;
  std::atomic<bool> stop_{false};
  std::unordered_map<std::string, Folder> folders_;
  std::size_t kept_ = 0;
  std::uint64_t listed_ = 0, asked_ = 0;
  std::unordered_map<std::string, UniqueFd> open_;
};

}  // namespace thumbmill
