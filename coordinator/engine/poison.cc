#include "coordinator/engine/poison.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>

#include "common/own_files.h"
#include "common/seed.h"
#include "common/unique_fd.h"

namespace thumbmill {
namespace {

constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kMaxStemBytes = 100;
constexpr std::size_t kMaxExtensionBytes = 16;

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// A file under a temporary name, which the destructor removes. Name() links it
// to its real name.
class Temporary {
 public:
  explicit Temporary(int folder) : folder_(folder) {
    std::mt19937_64 random(FreshSeed());
    for (int tries = 0; !fd_.valid() && tries < kTries; ++tries) {
      name_ = ".poison-" + std::to_string(random());
      fd_.Reset(openat(folder, name_.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                       S_IRUSR | S_IWUSR));
      if (!fd_.valid() && errno != EEXIST) return;
    }
  }
  ~Temporary() {
    if (fd_.valid()) unlinkat(folder_, name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  Status Fill(ByteSpan bytes) {
    if (!fd_.valid()) return FailSystem("cannot make " + name_, errno);
    while (!bytes.empty()) {
      const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailSystem("cannot write " + name_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  // EEXIST is a success: the file of that name has the same bytes.
  Status Name(const std::string& name) {
    if (linkat(folder_, name_.c_str(), folder_, name.c_str(), 0) == 0 ||
        errno == EEXIST)
      return {};
    // Some file systems have no hard links.
    if (renameat2(folder_, name_.c_str(), folder_, name.c_str(),
                  RENAME_NOREPLACE) == 0 ||
        errno == EEXIST)
      return {};
    return FailSystem("cannot make " + name, errno);
  }

 private:
  static constexpr int kTries = 100;
  int folder_;
  std::string name_;
  UniqueFd fd_;
};

}  // namespace

std::string PoisonName(std::string_view sha256, std::string_view stem,
                       std::string_view extension) {
  std::string name(stem.substr(0, kMaxStemBytes));
  if (!extension.empty()) {
    name += '.';
    name += extension.substr(0, kMaxExtensionBytes);
  }
  for (char& c : name)
    if (!IsPlain(c)) c = '_';
  return std::string(sha256.substr(0, kHashDigits)) + "-" + name;
}

Status KeepPoison(const std::string& folder, const std::string& name,
                  ByteSpan bytes) {
  ASSIGN_OR_RETURN(const UniqueFd opened, OpenNamedFolder(folder, S_IRWXU));
  Temporary file(opened.get());
  RETURN_IF_ERROR(file.Fill(bytes));
  return file.Name(name);
}

}  // namespace thumbmill
