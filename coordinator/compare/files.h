// coordinator/compare/files.h: the files of a comparison: a temporary folder,
// and the trees of outputs in it.
//
// Errors  kIo, with the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace thumbmill {

// A temporary folder; its destructor removes the folder and its content.
class TemporaryFolder {
 public:
  [[nodiscard]] Status Make();
  ~TemporaryFolder();
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  // Returns the path of a file in the folder.
  [[nodiscard]] std::string operator/(std::string_view name) const;

 private:
  std::string path_;
};

// The outputs below a folder, without the state.
struct Tree {
  std::string digest;  // SHA-256 over names and contents
  std::uint64_t files = 0;
};

// Returns the files below `folder` in order, without the coordinator's state.
// Returns none if the folder does not exist: a run may end before it makes one.
[[nodiscard]] Result<std::vector<std::filesystem::path>> FilesOf(
    const std::string& folder);
[[nodiscard]] Result<Tree> ReadTree(const std::string& folder);
[[nodiscard]] Status RemoveTree(const std::string& folder);
[[nodiscard]] Status CopyFile(const std::filesystem::path& from,
                              const std::string& to);
// Writes a list with one entry on each line.
[[nodiscard]] Status WriteList(const std::string& file,
                               const std::vector<std::string>& lines);

}  // namespace thumbmill
