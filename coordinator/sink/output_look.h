// coordinator/sink/output_look.h: whether outputs that the journal calls done
// are still there, and as large as they were.
//
// A folder is listed when the first of its outputs is asked for, sizes looked
// up in the order of inodes, and kept as 16 bytes a file. So a rerun reads each
// folder once, also on a disk or a network file system that is slow to look
// names up one by one. Where that would not pay (a folder of a million files,
// more folders in turn than are kept, few outputs among many other files) each
// output is looked up by itself, in its open folder.
//
// Memory   at most kMostKept files of 16 bytes, kMostOpen descriptors.
// Threads  one; Stop() from any.
// Errors   none: what cannot be looked at is not there, and making it again
//          tells why.
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

  // A target that is not there has no outputs.
  explicit OutputLook(const std::string& target);

  // True if `name`, relative to the target, is a regular file of that size,
  // reached without a link.
  [[nodiscard]] bool IsThere(const std::string& name, std::uint64_t bytes);
  // Everything is there from now on: for a run that ends.
  void Stop() { stop_ = true; }

  [[nodiscard]] std::uint64_t listed() const { return listed_; }

 private:
  struct File {
    std::uint64_t name;  // its hash
    std::uint64_t bytes;
    bool operator<(const File& other) const { return name < other.name; }
  };
  struct Folder {
    std::vector<File> files;  // sorted
    bool large = false;       // not kept: ask for each
  };
  struct Found {  // while a folder is read
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
