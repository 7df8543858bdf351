// coordinator/source/directory_source.h: the files of a tree.
//
// Order    bytewise within each folder; files and folders mixed.
// Skips    hidden names, what is no regular file, the folders in
//          `never_enter` (by device and inode). Links to files inside the root
//          are followed, links to folders are not.
// Memory   the names of one folder for each level of depth.
// Errors   Open() when the root cannot be read. A folder or file below that
//          cannot be read is an item with reason read.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/source/source.h"

namespace thumbmill {

struct DirectoryOptions {
  std::string root;
  std::string prefix;  // before {dir}: a root's name, when there are several
  std::vector<std::string> include, exclude;
  std::vector<std::string> never_enter;
};

class DirectorySource final : public Source {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Source>> Open(
      const DirectoryOptions& options);
  ~DirectorySource() override;

  Result<std::optional<ImageRef>> Next() override;
  // As if all entries of a folder were of one size: a folder in the middle of
  // which we are counts for its own share of the folder above.
  std::optional<double> progress() const override;

 private:
  using FileId = std::pair<dev_t, ino_t>;
  struct Level {
    std::string relative;            // "" at the root, else ends with '/'
    std::vector<std::string> names;  // sorted, the next one last
    std::size_t total = 0;           // names at first
  };
  explicit DirectorySource(const DirectoryOptions& options)
      : options_(options) {}
  std::optional<ImageRef> Enter(const std::string& relative);
  void FindForbidden();
  bool IsForbidden(const std::string& path) const;
  bool LeadsInside(const std::string& path) const;
  std::optional<ImageRef> Visit(const std::string& relative);
  ImageRef Unreadable(const std::string& relative, std::string message) const;

  DirectoryOptions options_;
  std::string real_root_;
  std::vector<FileId> forbidden_;
  std::vector<Level> levels_;
  bool first_ = true;
};

}  // namespace thumbmill
