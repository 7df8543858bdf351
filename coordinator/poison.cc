#include "coordinator/poison.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "common/unique_fd.h"
#include "coordinator/sink/directory_sink.h"

namespace thumbmill {
namespace {

constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kMaxNameBytes = 100;

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// Removes itself unless it was given its name.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {
    fd_.Reset(mkostemp(path_.data(), O_CLOEXEC));  // mode 0600
  }
  ~Temporary() {
    if (fd_.valid()) unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  Status Fill(ByteSpan bytes) {
    if (!fd_.valid()) return FailSystem("cannot make " + path_, errno);
    while (!bytes.empty()) {
      const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailSystem("cannot write " + path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  // What has that name already has these bytes.
  Status Name(const std::string& path) {
    if (link(path_.c_str(), path.c_str()) == 0 || errno == EEXIST) return {};
    // A file system without links.
    if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(),
                  RENAME_NOREPLACE) == 0 ||
        errno == EEXIST)
      return {};
    return FailSystem("cannot make " + path, errno);
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace

std::string PoisonName(std::string_view sha256, std::string_view stem,
                       std::string_view extension) {
  std::string name(stem.substr(0, kMaxNameBytes));
  if (!extension.empty()) {
    name += '.';
    name += extension.substr(0, kHashDigits);
  }
  for (char& c : name)
    if (!IsPlain(c)) c = '_';
  return std::string(sha256.substr(0, kHashDigits)) + "-" + name;
}

Status KeepPoison(const std::string& folder, const std::string& name,
                  ByteSpan bytes) {
  RETURN_IF_ERROR(MakeFolders(folder, S_IRWXU));
  Temporary file(folder + "/.poison-XXXXXX");
  RETURN_IF_ERROR(file.Fill(bytes));
  return file.Name(folder + "/" + name);
}

}  // namespace thumbmill
