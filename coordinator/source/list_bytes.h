// coordinator/source/list_bytes.h: the bytes of a list as UTF-8: of a file, a
// pipe or a terminal, unpacked where they are gzip, converted where they are
// UTF-16 with a byte order mark. Bounded memory.
//
// Gzip may have several members and zero bytes after any of them.
//
// Runs in  the lister's thread, and in the main thread while a source is
//          opened. A pipe that has nothing yet is waited for until
//          `cancel_fd` (something to poll) becomes readable; that reads as the
//          end. To open a pipe waits for nobody.
// Errors   kNotFound/kDenied/kIo from Open(); kIo, and kBadData for gzip that
//          is damaged, ends early or has other bytes behind it, from Read().
//          What was read before an error is given first, and the error stays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.h"

namespace thumbmill {

class ListBytes {
 public:
  // "-" is stdin.
  [[nodiscard]] static Result<std::unique_ptr<ListBytes>> Open(
      const std::string& path, int cancel_fd);
  ~ListBytes();

  // Appends what comes next, which may be nothing yet. False: the end.
  [[nodiscard]] Result<bool> Read(std::string* out);

  // Read() may wait: a pipe, a terminal.
  [[nodiscard]] bool waits() const;
  // Read() would not wait now.
  [[nodiscard]] bool HasInput() const;
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  // As the messages call it.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool packed() const;
  // Of the file. 0: unknown.
  [[nodiscard]] std::uint64_t total_bytes() const { return total_; }
  [[nodiscard]] std::uint64_t consumed_bytes() const;

 private:
  struct Input;
  enum class Encoding { kUndecided, kUtf8, kUtf16Little, kUtf16Big };
  ListBytes() = default;
  Result<bool> ReadUnpacked(std::string* out);
  void Decide(bool ended);
  void AppendText(bool ended, std::string* out);

  std::unique_ptr<Input> input_;
  std::string name_;
  std::uint64_t total_ = 0;
  bool cancelled_ = false;
  Encoding encoding_ = Encoding::kUndecided;
  std::string held_;  // unpacked, not converted yet
};

}  // namespace thumbmill
