#include "coordinator/compare/files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "common/bytes.h"
#include "common/hash.h"

namespace thumbmill {

namespace fs = std::filesystem;

Status TemporaryFolder::Make() {
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/thumbmill-compare-XXXXXX",
                                 base != nullptr ? base : "/tmp");
  if (mkdtemp(path.data()) == nullptr)
    return FailSystem("cannot make " + path, errno);
  path_ = path;
  return {};
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::string TemporaryFolder::operator/(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<std::vector<fs::path>> FilesOf(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  auto at = fs::recursive_directory_iterator(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  while (!error && at != fs::recursive_directory_iterator()) {
    if (at->path().filename() == ".thumbmill") at.disable_recursion_pending();
    std::error_code ignored;
    if (at->is_regular_file(ignored)) files.push_back(at->path());
    at.increment(error);
  }
  if (error) return FailSystem("cannot read " + folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

Result<Tree> ReadTree(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, FilesOf(folder));
  std::string all;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad())
      return FailSystem("cannot read " + file.string(), errno);
    all += file.lexically_relative(folder).string() + '\n' +
           ToHex(HashBytes(AsBytes(bytes))) + '\n';
  }
  return Tree{ToHex(HashBytes(AsBytes(all))), files.size()};
}

Status RemoveTree(const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (!error) return {};
  return FailSystem("cannot remove " + folder, error.value());
}

Status CopyFile(const fs::path& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (!error) return {};
  return FailSystem("cannot write " + to, error.value());
}

Status WriteList(const std::string& file,
                 const std::vector<std::string>& lines) {
  std::ofstream out(file);
  for (const std::string& line : lines) out << line << '\n';
  if (out.flush()) return {};
  return FailSystem("cannot write " + file, errno);
}

}  // namespace thumbmill
