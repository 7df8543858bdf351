#include "coordinator/source/list_pipe.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "coordinator/loop/event_loop.h"

namespace thumbmill {
namespace {

// A pipe of this size holds a list of some ten thousand URLs whole, so that the
// server of a usual list is not kept waiting. The kernel may allow less.
constexpr int kPipeBytes = 1 << 20;

}  // namespace

Result<std::unique_ptr<ListPipe>> ListPipe::Create(EventLoop* loop,
                                                   const std::string& name,
                                                   ListStream* stream) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
    return FailSystem("cannot make a pipe for a list", errno);
  UniqueFd reader(fds[0]), writer(fds[1]);
  (void)fcntl(writer.get(), F_SETPIPE_SZ, kPipeBytes);
  auto end = std::make_shared<StreamEnd>();
  *stream = {std::move(reader), end, name};
  return std::unique_ptr<ListPipe>(
      new ListPipe(loop, std::move(writer), std::move(end)));
}

ListPipe::ListPipe(EventLoop* loop, UniqueFd fd, std::shared_ptr<StreamEnd> end)
    : loop_(loop), fd_(std::move(fd)), end_(std::move(end)) {}

// A list that nobody closed is not whole: the run ends before its download.
ListPipe::~ListPipe() {
  Unwatch();
  if (!closed() && !gone_)
    end_->Fail(Error{ErrorCode::kCancelled, "the download was stopped", 0});
}

std::uint8_t* ListPipe::Extend(std::uint64_t bytes) {
  Flush();
  if (!part_.empty()) {
    paused_ = true;
    return nullptr;
  }
  part_.resize(bytes);
  written_ = 0;
  return part_.data();
}

bool ListPipe::WantsMore() {
  begun_ = true;
  Flush();
  return !gone_;
}

void ListPipe::Flush() {
  while (written_ < part_.size() && !gone_) {
    const ssize_t n =
        write(fd_.get(), part_.data() + written_, part_.size() - written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return WatchForRoom();
    // EPIPE: the source was destroyed, for example at the end of the run.
    gone_ = n < 0;
    if (n > 0) written_ += static_cast<std::size_t>(n);
  }
  part_.clear();
  written_ = 0;
  Unwatch();
  if (closing_) fd_.Reset();
}

void ListPipe::WatchForRoom() {
  if (watched_) return;
  const Status watching =
      loop_->Watch(fd_.get(), EPOLLOUT, [this](std::uint32_t) { OnReady(); });
  watched_ = watching.has_value();
  if (watched_) return;
  // Without a watch the rest would never be written.
  end_->Fail(watching.error());
  gone_ = true;
  part_.clear();
  fd_.Reset();
}

void ListPipe::Unwatch() {
  if (std::exchange(watched_, false)) loop_->Unwatch(fd_.get());
}

void ListPipe::OnReady() {
  Flush();
  if (!part_.empty()) return;
  // A handler may destroy this object, so it is the last call.
  const bool resumes = std::exchange(paused_, false) && !closing_;
  const Events events = events_;
  if ((gone_ || closing_) && events.gone) return events.gone();
  if (resumes && events.room) events.room();
}

void ListPipe::Close(std::optional<Error> error) {
  if (closed()) return;
  if (error) end_->Fail(std::move(*error));
  closing_ = true;
  Flush();
}

}  // namespace thumbmill
