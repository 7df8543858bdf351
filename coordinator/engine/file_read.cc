#include "coordinator/engine/file_read.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {
namespace {

FileRead ReadFailed(Reason reason, std::string message) {
  FileRead answer;
  answer.reason = reason;
  answer.message = std::move(message);
  return answer;
}

// A lack of memory says nothing about the image, and may pass.
FileRead CopyFailed(const Error& error) {
  const bool memory = error.code == ErrorCode::kNoMemory;
  FileRead answer =
      ReadFailed(memory ? Reason::kMemory : Reason::kRead, error.what);
  return answer;
}

// Copies a file into a slot through a buffer that stays in a CPU cache. A read
// into the mapped slot would cost one page fault, and the zeroing of a page,
// per fresh page; pwrite() to the memfd costs neither.
class FileCopy {
 public:
  FileCopy(int from, const SlotPlace& to) : from_(from), to_(to) {}

  [[nodiscard]] std::uint64_t length() const { return length_; }
  // Copies one buffer. Returns false if the file has ended or the slot is full.
  [[nodiscard]] Result<bool> Step() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBytes);
    const std::uint64_t most =
        std::min<std::uint64_t>(kBytes, to_.size - length_);
    ssize_t got;
    do {
      got = read(from_, buffer_.get(), most);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return FailSystem("read", errno);
    for (ssize_t put = 0; put < got;) {
      const ssize_t n = pwrite(to_.fd, buffer_.get() + put,
                               static_cast<std::size_t>(got - put),
                               static_cast<off_t>(to_.offset + length_));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        return Fail(ErrorCode::kNoMemory,
                    SystemError("write to shared memory", errno).what, errno);
      put += n;
      length_ += static_cast<std::uint64_t>(n);
    }
    return got > 0 && length_ < to_.size;
  }

 private:
  static constexpr std::size_t kBytes = 128 << 10;
  static thread_local std::unique_ptr<char[]> buffer_;
  int from_;
  SlotPlace to_;
  std::uint64_t length_ = 0;
};

thread_local std::unique_ptr<char[]> FileCopy::buffer_;

}  // namespace

FileRead ReadFile(const std::string& path, const SlotPlace& place,
                  std::uint64_t max_bytes) {
  // O_NONBLOCK, so that a FIFO that took the file's place cannot block the
  // thread.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid())
    return ReadFailed(Reason::kRead, SystemError("open", errno).what);
  struct stat st;
  if (fstat(fd.get(), &st) != 0)
    return ReadFailed(Reason::kRead, SystemError("fstat", errno).what);
  if (!S_ISREG(st.st_mode))
    return ReadFailed(Reason::kRead, "not a regular file");
  const auto size = static_cast<std::uint64_t>(st.st_size);
  if (size > max_bytes)
    return ReadFailed(
        Reason::kTooBig,
        fmt::format("{} bytes, more than --max-bytes {}", size, max_bytes));
  FileRead answer;
  if (size > place.size) {
    answer.needs = size;
    return answer;
  }
  // Files under /proc have size 0, so the copy does not trust the size: it goes
  // on until the file ends.
  FileCopy copy(fd.get(), place);
  do {
    const Result<bool> more = copy.Step();
    if (!more) return CopyFailed(more.error());
    if (!*more) break;
    // The loop stops at the size, which saves the last read() of every file.
  } while (copy.length() != size);
  answer.length = copy.length();
  if (answer.length == 0) return ReadFailed(Reason::kEmpty, "no bytes");
  return answer;
}

}  // namespace thumbmill
