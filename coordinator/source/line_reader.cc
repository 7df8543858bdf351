#include "coordinator/source/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/log.h"

namespace thumbmill {

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path,
                                                     int cancel_fd) {
  auto reader = std::unique_ptr<LineReader>(new LineReader());
  ASSIGN_OR_RETURN(reader->bytes_, ListBytes::Open(path, cancel_fd));
  return reader;
}

std::unique_ptr<LineReader> LineReader::FromStream(ListStream stream,
                                                   int cancel_fd) {
  auto reader = std::unique_ptr<LineReader>(new LineReader());
  reader->bytes_ = ListBytes::FromStream(std::move(stream), cancel_fd);
  return reader;
}

std::size_t LineReader::FindEnd() const {
  return only_cr_ ? buffer_.find_first_of("\r\n", at_)
                  : buffer_.find('\n', at_);
}

bool LineReader::HoldsLine() const {
  return ended_ || buffer_.size() - at_ > kMaxLine ||
         FindEnd() != std::string::npos;
}

bool LineReader::Ready() {
  while (!HoldsLine()) {
    if (!bytes_->HasInput()) return false;
    if (!Fill()) return true;  // Next() returns the error
  }
  return true;
}

Result<bool> LineReader::Fill() {
  if (ended_) return false;
  buffer_.erase(0, at_);
  at_ = 0;
  ASSIGN_OR_RETURN(const bool more, bytes_->Read(&buffer_));
  ended_ = !more;
  if (!begun_ && !buffer_.empty()) DecideLineEnd();
  return more;
}

// Recognises lists that end their lines with CR, as spreadsheets on old
// Macintoshes did: the first text holds a CR, not as its last byte, and no LF.
void LineReader::DecideLineEnd() {
  begun_ = true;
  const std::size_t cr = buffer_.find('\r');
  only_cr_ = cr != std::string::npos && cr + 1 < buffer_.size() &&
             buffer_.find('\n') == std::string::npos;
  if (only_cr_)
    LogWarning(
        fmt::format("{}: lines end with CR alone; each CR is taken for "
                    "the end of a line",
                    bytes_->name()));
}

Result<std::string_view> LineReader::Head() {
  while (!begun_ && !ended_) {
    ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  return std::string_view(buffer_).substr(at_);
}

Result<std::optional<std::string_view>> LineReader::Next() {
  line_.clear();
  cut_ = false;
  while (true) {
    const std::size_t end = FindEnd();
    const bool whole = end != std::string::npos;
    const std::size_t stop = whole ? end : buffer_.size();
    const std::size_t room = kMaxLine - line_.size();
    // Skip the bytes beyond kMaxLine, so that memory stays bounded.
    cut_ |= stop - at_ > room;
    line_.append(buffer_, at_, std::min(stop - at_, room));
    at_ = whole ? stop + 1 : stop;
    if (whole) break;
    ASSIGN_OR_RETURN(const bool more, Fill());
    if (more) continue;
    if (line_.empty() || cancelled()) return std::nullopt;
    break;
  }
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  ++number_;
  return std::string_view(line_);
}

std::uint64_t LineReader::consumed_bytes() const {
  const std::uint64_t consumed = bytes_->consumed_bytes();
  // Unread text in the buffer counts as not consumed. For gzip it cannot: the
  // buffer holds unpacked bytes.
  if (bytes_->packed()) return consumed;
  return consumed - std::min<std::uint64_t>(consumed, buffer_.size() - at_);
}

std::optional<double> LineReader::progress() const {
  if (total_bytes() == 0) return std::nullopt;
  return static_cast<double>(consumed_bytes()) /
         static_cast<double>(total_bytes());
}

}  // namespace thumbmill
