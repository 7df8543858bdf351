// coordinator/source/line_reader.h: lines of a file, a pipe or a gzip file,
// one at a time, in bounded memory.
//
// Runs in  the lister's thread. A pipe that has nothing yet is waited for
//          until `cancel_fd` (an eventfd) becomes readable; that reads as the
//          end, and a line that was not whole by then is dropped.
// Errors   kNotFound/kDenied/kIo from Open(), kIo/kBadData from Next().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace thumbmill {

class LineReader {
 public:
  // A longer line is cut; see `cut()`.
  static constexpr std::size_t kMaxLine = 64 << 10;

  // "-" is stdin. Gzip is recognised by its first bytes.
  [[nodiscard]] static Result<std::unique_ptr<LineReader>> Open(
      const std::string& path, int cancel_fd);
  ~LineReader();

  // Without its end (LF or CRLF) and without a byte order mark at the start
  // of the file. Valid until the next call. Empty: the end.
  [[nodiscard]] Result<std::optional<std::string_view>> Next();
  // The last line was longer than kMaxLine.
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  // Next() would not wait. Reads what is there to find out.
  [[nodiscard]] bool Ready();

  [[nodiscard]] std::uint64_t consumed_bytes() const;
  [[nodiscard]] std::uint64_t total_bytes() const { return total_; }
  // Of the bytes; empty when there is no telling how many there are.
  [[nodiscard]] std::optional<double> progress() const;

 private:
  struct Input;
  LineReader() = default;
  Result<bool> Fill();  // false: the end
  [[nodiscard]] bool HoldsLine() const;

  std::unique_ptr<Input> input_;
  int cancel_fd_ = -1;
  std::uint64_t total_ = 0;  // 0: unknown
  std::string buffer_;
  std::size_t at_ = 0;
  std::string line_;
  bool cut_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
  bool first_ = true;
};

}  // namespace thumbmill
