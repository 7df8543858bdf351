#include "coordinator/source/list_downloads.h"

#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "coordinator/loop/event_loop.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

// A server must send this much in each --min-speed window. Any progress is
// enough: a list may be made while it is sent.
constexpr std::uint64_t kLeastSpeed = 1;
// Lists have no bound. This is the largest one that curl can be told.
constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int64_t>::max();
// No list takes longer; the clock stands still while the reader is busy.
constexpr Millis kLongest = std::chrono::hours(24 * 365);

}  // namespace

Result<std::unique_ptr<ListDownloads>> ListDownloads::Create(
    EventLoop* loop, TransferOptions transfer, const RetryOptions& retry) {
  transfer.max_bytes = kMostBytes;
  transfer.min_speed_bytes = kLeastSpeed;
  transfer.timeout = kLongest;
  auto lists = std::unique_ptr<ListDownloads>(new ListDownloads(loop, retry));
  ASSIGN_OR_RETURN(lists->transfers_, Transfers::Create(loop, transfer));
  return lists;
}

ListDownloads::ListDownloads(EventLoop* loop, const RetryOptions& retry)
    : loop_(loop), retry_(retry) {}

ListDownloads::~ListDownloads() {
  // The transfers go first: they write into the pipes.
  transfers_.reset();
}

Result<ListStream> ListDownloads::Open(const std::string& url) {
  ListStream stream;
  ASSIGN_OR_RETURN(std::unique_ptr<ListPipe> pipe,
                   ListPipe::Create(loop_, RedactUrl(url), &stream));
  // The loop copies its callbacks, so the pipe is shared until it is there.
  auto shared = std::make_shared<std::unique_ptr<ListPipe>>(std::move(pipe));
  loop_->Post(
      guard_.Wrap([this, url, shared] { Start(url, std::move(*shared)); }));
  return stream;
}

void ListDownloads::Start(std::string url, std::unique_ptr<ListPipe> pipe) {
  const Id id = next_++;
  Download& download = downloads_[id];
  download.url = std::move(url);
  download.pipe = std::move(pipe);
  download.pipe->Listen(
      {[this, id] { transfers_->Resume(downloads_.at(id).transfer); },
       [this, id] { Forget(id); }});
  Try(id);
}

void ListDownloads::Try(Id id) {
  const auto found = downloads_.find(id);
  if (found == downloads_.end()) return;  // the reader has gone meanwhile
  Download& download = found->second;
  ++download.tries;
  GetRequest request;
  request.url = download.url;
  request.trusted = true;  // the user typed it; redirects are checked
  request.body = download.pipe.get();
  download.transfer = transfers_->Get(
      request,
      [this, id](const TransferResult& result) { OnDone(id, result); });
}

void ListDownloads::OnDone(Id id, const TransferResult& result) {
  Download& download = downloads_.at(id);
  download.transfer = 0;
  const bool begun = download.pipe->begun();
  if (result.reason != Reason::kNone && result.transient() && !begun) {
    if (const auto delay =
            retry_.NextDelay(download.tries, result.retry_after, random_())) {
      loop_->After(*delay, guard_.Wrap([this, id] { Try(id); }));
      return;
    }
  }
  std::optional<Error> error;
  if (result.reason != Reason::kNone)
    error =
        Error{begun ? ErrorCode::kIo : ErrorCode::kNotFound,
              (begun ? "the download ended early: " : "") + result.message, 0};
  download.pipe->Close(std::move(error));
  // A full pipe still holds a rest; it reports when the reader has taken it.
  if (download.pipe->closed()) Forget(id);
}

void ListDownloads::Forget(Id id) {
  const auto found = downloads_.find(id);
  if (found == downloads_.end()) return;
  if (found->second.transfer != 0) transfers_->Cancel(found->second.transfer);
  downloads_.erase(found);
}

}  // namespace thumbmill
