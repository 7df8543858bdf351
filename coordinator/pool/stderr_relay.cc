#include "coordinator/pool/stderr_relay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/log.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

Result<std::unique_ptr<StderrRelay>> StderrRelay::Create(EventLoop* loop) {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return FailSystem("cannot make a pipe for a worker's stderr", errno);
  auto relay = std::unique_ptr<StderrRelay>(new StderrRelay(loop));
  relay->read_end_.Reset(ends[0]);
  relay->write_end_.Reset(ends[1]);
  // Makes only our end non-blocking: a worker may wait.
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
    return FailSystem("cannot make a pipe for a worker's stderr", errno);
  return relay;
}

Status StderrRelay::Begin(std::string who) {
  write_end_.Reset();
  who_ = std::move(who);
  RETURN_IF_ERROR(loop_->Watch(read_end_.get(), EPOLLIN, [this](std::uint32_t) {
    // Stop watching at the end of the pipe, which would wake the loop for ever.
    // The pidfd reports the end of the process.
    if (!ReadPiece()) {
      loop_->Unwatch(read_end_.get());
      watched_ = false;
    }
  }));
  watched_ = true;
  return {};
}

StderrRelay::~StderrRelay() {
  if (watched_) loop_->Unwatch(read_end_.get());
  // The loop is bounded: the process is gone, and a pipe holds no more than
  // this.
  for (int i = 0; i < 64 && !who_.empty() && ReadPiece(); ++i) {
  }
  if (!line_.empty()) FlushLine();
}

bool StderrRelay::ReadPiece() {
  std::array<char, 4096> piece;
  const ssize_t n = read(read_end_.get(), piece.data(), piece.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  Take({piece.data(), static_cast<std::size_t>(n)});
  return n > 0;
}

void StderrRelay::Take(std::string_view text) {
  if (bytes_ > kMaxBytes) return;
  bytes_ += text.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t room = kMaxLine - line_.size();
    line_ += text.substr(0, std::min(end, room));
    if (end < text.size() || end > room) FlushLine();
    text.remove_prefix(end > room ? room : std::min(end + 1, text.size()));
  }
  if (bytes_ <= kMaxBytes) return;
  line_.clear();
  LogWarning(
      fmt::format("{} wrote more than {} bytes to stderr; the rest is left out",
                  who_, kMaxBytes));
}

void StderrRelay::FlushLine() {
  const std::string line = std::exchange(line_, {});
  if (!line.empty()) LogWarning(fmt::format("{} wrote: {}", who_, line));
}

}  // namespace thumbmill
