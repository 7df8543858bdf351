// coordinator/source/line_reader.h: lines of a list, one at a time, in bounded
// memory.
//
// Runs in  the lister's thread. A pipe that has nothing yet is waited for
//          until `cancel_fd` becomes readable; that reads as the end, and a
//          line that was not whole by then is dropped.
// Errors   those of ListBytes, after all whole lines that came before; the
//          rest of a line is dropped, for it may be a part of a URL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/source/list_bytes.h"

namespace thumbmill {

class LineReader {
 public:
  // A longer line is cut; see `cut()`.
  static constexpr std::size_t kMaxLine = 64 << 10;

  // "-" is stdin. Gzip and UTF-16 are recognised by their first bytes.
  [[nodiscard]] static Result<std::unique_ptr<LineReader>> Open(
      const std::string& path, int cancel_fd);

  // Without its end (LF or CRLF; CR in a list that has no other) and without a
  // byte order mark at the start of the file. Valid until the next call. Empty:
  // the end.
  [[nodiscard]] Result<std::optional<std::string_view>> Next();
  // The last line was longer than kMaxLine.
  [[nodiscard]] bool cut() const { return cut_; }
  // Number of the last line, from 1.
  [[nodiscard]] std::uint64_t line_number() const { return number_; }
  [[nodiscard]] bool cancelled() const { return bytes_->cancelled(); }
  // Next() would not wait. Reads what is there to find out.
  [[nodiscard]] bool Ready();
  [[nodiscard]] bool waits() const { return bytes_->waits(); }
  [[nodiscard]] const std::string& name() const { return bytes_->name(); }

  // The text that comes first, some 64 KiB at most; what Next() gives is not
  // changed. Waits for it.
  [[nodiscard]] Result<std::string_view> Head();

  [[nodiscard]] std::uint64_t consumed_bytes() const;
  [[nodiscard]] std::uint64_t total_bytes() const {
    return bytes_->total_bytes();
  }
  // Of the bytes; empty when there is no telling how many there are.
  [[nodiscard]] std::optional<double> progress() const;

 private:
  LineReader() = default;
  Result<bool> Fill();  // false: the end
  void DecideLineEnd();
  [[nodiscard]] std::size_t FindEnd() const;
  [[nodiscard]] bool HoldsLine() const;

  std::unique_ptr<ListBytes> bytes_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string line_;
  std::uint64_t number_ = 0;
  bool cut_ = false;
  bool ended_ = false;
  bool begun_ = false;    // some text has come
  bool only_cr_ = false;  // lines end with CR
};

}  // namespace thumbmill
