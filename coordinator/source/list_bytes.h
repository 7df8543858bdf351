// coordinator/source/list_bytes.h: reads a list as UTF-8 bytes from a file, a
// pipe, a terminal or a download. Unpacks gzip, and converts UTF-16 that has a
// byte order mark. Uses bounded memory.
//
// A gzip list may have several members, with zero bytes after any of them.
//
// Runs in  the lister's thread, and in the main thread while a source opens.
//          Read() waits for an empty pipe until `cancel_fd`, a descriptor for
//          poll(), becomes readable; it then returns the end. Open() does not
//          wait for a pipe's writer.
// Errors   Open() fails with kNotFound, kDenied or kIo. Read() fails with kIo,
//          and with kBadData if gzip is damaged, ends early, or has other bytes
//          after it. It first gives the text before the error, and then returns
//          the error at each call. A download that ended early is the error
//          of its StreamEnd.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.h"
#include "coordinator/source/list_stream.h"

namespace thumbmill {

class ListBytes {
 public:
  // Opens a file, or stdin for "-".
  [[nodiscard]] static Result<std::unique_ptr<ListBytes>> Open(
      const std::string& path, int cancel_fd);
  // Reads a list that another thread sends.
  [[nodiscard]] static std::unique_ptr<ListBytes> FromStream(ListStream stream,
                                                             int cancel_fd);
  ~ListBytes();

  // Appends the next bytes, possibly none. Returns false at the end.
  [[nodiscard]] Result<bool> Read(std::string* out);

  // Returns whether the list is a download.
  [[nodiscard]] bool remote() const;
  // Returns whether Read() can wait at all, as for a pipe or a terminal.
  [[nodiscard]] bool waits() const;
  // Returns whether Read() would return without waiting now.
  [[nodiscard]] bool HasInput() const;
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  // The name for messages.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool packed() const;
  // Bytes of the file. 0: unknown.
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
  std::string held_;  // unpacked bytes that are not converted yet
};

}  // namespace thumbmill
