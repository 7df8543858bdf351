// coordinator/source/directory_source.h: gives the files of a folder tree.
//
// Order    by bytes within each folder; files and folders mixed.
// Skips    hidden names, files that are not regular, and the folders in
//          `never_enter` (by device and inode). Follows links to files inside
//          the root, but no links to folders.
// Memory   the names of one folder for each level of depth.
// Errors   Open() fails if it cannot read the root. A file or folder below it
//          that cannot be read becomes an item with reason read.
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
  std::string prefix;  // before {dir}: the root's name if there are several
  std::vector<std::string> include, exclude;
  std::vector<std::string> never_enter;
};

class DirectorySource final : public Source {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Source>> Open(
      const DirectoryOptions& options);
  ~DirectorySource() override;

  Result<std::optional<ImageRef>> Next() override;
  // Returns an estimate that gives all entries of a folder the same weight. A
  // folder that was entered counts by its own progress.
  std::optional<double> progress() const override;

 private:
  using FileId = std::pair<dev_t, ino_t>;
  struct Level {
    std::string relative;            // "" at the root, else ends with '/'
    std::vector<std::string> names;  // unread ones, in reverse order
    std::size_t total = 0;           // names in the folder
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
