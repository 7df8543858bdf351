// coordinator/source/line_reader.h: reads a list line by line in bounded
// memory.
//
// Runs in  the lister's thread. Next() waits for an empty pipe until
//          `cancel_fd` becomes readable. It then returns the end, and drops a
//          line that is not whole.
// Errors   those of ListBytes, after all whole lines before the error. Drops
//          the broken last line, which may be a part of a URL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/source/list_bytes.h"
#include "coordinator/source/source.h"

namespace thumbmill {

class LineReader {
 public:
  // Bytes of a line; a longer line is cut, see cut().
  static constexpr std::size_t kMaxLine = 64 << 10;

  // Opens a file, or stdin for "-". Recognises gzip and UTF-16 by their first
  // bytes.
  [[nodiscard]] static Result<std::unique_ptr<LineReader>> Open(
      const std::string& path, int cancel_fd);

  // Reads a list that is downloaded.
  [[nodiscard]] static std::unique_ptr<LineReader> FromStream(ListStream stream,
                                                              int cancel_fd);

  // Returns the next line without its end (LF or CRLF; CR in a list that has no
  // LF) and without a byte order mark. The line is valid until the next call.
  // Returns empty at the end.
  [[nodiscard]] Result<std::optional<std::string_view>> Next();
  // Returns whether the last line was longer than kMaxLine.
  [[nodiscard]] bool cut() const { return cut_; }
  // Number of the last line, from 1.
  [[nodiscard]] std::uint64_t line_number() const { return number_; }
  [[nodiscard]] bool cancelled() const { return bytes_->cancelled(); }
  // Returns whether Next() would return without waiting. Reads available bytes
  // to find out.
  [[nodiscard]] bool Ready();
  [[nodiscard]] bool waits() const { return bytes_->waits(); }
  // Returns the origin of the entries.
  [[nodiscard]] Origin origin() const {
    return bytes_->remote() ? Origin::kRemoteList : Origin::kList;
  }
  [[nodiscard]] const std::string& name() const { return bytes_->name(); }

  // Waits for the first text and returns it, about 64 KiB at most. Next() gives
  // the same text again.
  [[nodiscard]] Result<std::string_view> Head();

  [[nodiscard]] std::uint64_t consumed_bytes() const;
  [[nodiscard]] std::uint64_t total_bytes() const {
    return bytes_->total_bytes();
  }
  // Returns the share of the bytes that was read. Returns empty if the total is
  // unknown.
  [[nodiscard]] std::optional<double> progress() const;

 private:
  LineReader() = default;
  // Reads more bytes. Returns false at the end.
  Result<bool> Fill();
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
  bool begun_ = false;    // some text has arrived
  bool only_cr_ = false;  // lines end with CR
};

}  // namespace thumbmill
