#include "coordinator/sink/http_sink.h"

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/check.h"
#include "coordinator/event_loop.h"
#include "coordinator/net/retry_policy.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

class TransfersClient final : public PutClient {
 public:
  explicit TransfersClient(std::unique_ptr<Transfers> transfers)
      : transfers_(std::move(transfers)) {}
  TransferId Put(const PutRequest& request, Transfers::Done done) override {
    return transfers_->Put(request, std::move(done));
  }
  TransferId Probe(const std::string& url, Transfers::Done done) override {
    return transfers_->Probe(url, std::move(done));
  }
  void Cancel(TransferId id) override { transfers_->Cancel(id); }

 private:
  std::unique_ptr<Transfers> transfers_;
};

// An item under way. Files start in order; after the first failure no other
// file is started, and the item is answered when those that run have ended.
struct Upload {
  std::shared_ptr<StoreItem> item;
  Sink::Done done;
  std::size_t next = 0;     // file to start
  std::size_t running = 0;  // files
  StoreResult result;

  bool failed() const { return result.reason != Reason::kNone; }
  bool has_more() const { return !failed() && next < item->files.size(); }
};

// The target refuses us and will refuse every other file: credentials, a
// server that takes no PUT, a full disk.
bool IsFatalStatus(int status) {
  return status == 401 || status == 403 || status == 405 || status == 507;
}

StoreResult ToStoreResult(const TransferResult& result,
                          const std::string& url) {
  StoreResult stored;
  if (result.reason == Reason::kNone) return stored;
  stored.reason = Reason::kUpload;
  stored.message = fmt::format("PUT {}: {}", RedactUrl(url), result.message);
  stored.fatal = IsFatalStatus(result.http_status);
  stored.transient = result.transient && !stored.fatal;
  stored.retry_after_ms =
      static_cast<std::uint64_t>(result.retry_after.count());
  return stored;
}

class HttpSink final : public Sink {
 public:
  HttpSink(EventLoop* loop, const HttpSinkOptions& options,
           std::unique_ptr<PutClient> client)
      : loop_(loop), options_(options), client_(std::move(client)) {}
  ~HttpSink() override { Abort(); }

  Status Prepare() override;
  void Put(std::shared_ptr<StoreItem> item, Done done) override;
  Status Publish(std::span<const std::shared_ptr<StoreItem>>) override {
    return {};
  }
  void Abort() override;

 private:
  using UploadRef = std::shared_ptr<Upload>;

  TransferResult ProbeOnce();
  void Wait(Millis delay);
  std::string TargetUrl(const std::string& name) const;
  void StartFiles();
  void StartFile(const UploadRef& upload);
  void FileDone(const UploadRef& upload, const std::string& url,
                const TransferResult& result);
  void AnswerLater(const UploadRef& upload);

  EventLoop* loop_;
  HttpSinkOptions options_;
  std::unique_ptr<PutClient> client_;
  std::deque<UploadRef> waiting_;  // with files to start
  std::unordered_set<TransferId> running_;
  // Renewed by Abort(): what was posted before then says nothing any more.
  std::shared_ptr<bool> epoch_ = std::make_shared<bool>();
};

// A HEAD leaves nothing behind. Most of what it can answer says little about
// PUT (a WebDAV folder answers 403 or 404): only 401 is a verdict.
Status HttpSink::Prepare() {
  const RetryPolicy policy{RetryOptions{.retries = 2}};
  for (int tries = 1;; ++tries) {
    const TransferResult result = ProbeOnce();
    const std::string target = RedactUrl(options_.base_url);
    if (result.http_status == 401)
      return Fail(
          ErrorCode::kDenied,
          fmt::format("the target {} refuses the credentials (401)", target));
    if (result.http_status != 0) return {};
    const auto delay = policy.NextDelay(tries, Millis(0), 0);
    if (!result.transient || !delay)
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("the target {} does not answer: {}", target,
                              result.message));
    Wait(*delay);
  }
}

TransferResult HttpSink::ProbeOnce() {
  std::optional<TransferResult> answer;
  client_->Probe(TargetUrl(""), [&answer](TransferResult result) {
    answer = std::move(result);
  });
  // Ends: each probe has its deadlines.
  while (!answer) loop_->RunOnce(Millis(1000));
  return *std::move(answer);
}

void HttpSink::Wait(Millis delay) {
  bool over = false;
  loop_->After(delay, [&over] { over = true; });
  while (!over) loop_->RunOnce(Millis(1000));
}

std::string HttpSink::TargetUrl(const std::string& name) const {
  const std::string_view base = options_.base_url;
  const std::size_t hash = std::min(base.find('#'), base.size());
  const std::size_t query = std::min(base.substr(0, hash).find('?'), hash);
  std::string url(base.substr(0, query));
  if (!url.ends_with('/')) url += '/';
  url += PercentEncode(name, true);
  return url.append(base.substr(query, hash - query));
}

void HttpSink::Put(std::shared_ptr<StoreItem> item, Done done) {
  auto upload = std::make_shared<Upload>();
  upload->item = std::move(item);
  upload->done = std::move(done);
  if (upload->item->files.empty()) return AnswerLater(upload);
  waiting_.push_back(std::move(upload));
  StartFiles();
}

void HttpSink::AnswerLater(const UploadRef& upload) {
  loop_->Post([epoch = std::weak_ptr<bool>(epoch_), upload] {
    if (!epoch.expired()) upload->done(upload->item, upload->result);
  });
}

void HttpSink::StartFiles() {
  const auto limit = static_cast<std::size_t>(options_.uploads);
  while (!waiting_.empty() && running_.size() < limit) {
    const UploadRef upload = waiting_.front();
    if (upload->has_more()) StartFile(upload);
    if (!upload->has_more()) waiting_.pop_front();
  }
}

void HttpSink::StartFile(const UploadRef& upload) {
  const StoreItem::File& file = upload->item->files[upload->next++];
  const std::string url = TargetUrl(file.name);
  ++upload->running;
  const PutRequest request{url, file.bytes, file.content_type};
  // The answer comes from the loop, so that `id` is known by then.
  auto id = std::make_shared<TransferId>(0);
  *id = client_->Put(request,
                     [this, upload, url, id](const TransferResult& result) {
                       running_.erase(*id);
                       FileDone(upload, url, result);
                     });
  running_.insert(*id);
}

void HttpSink::FileDone(const UploadRef& upload, const std::string& url,
                        const TransferResult& result) {
  --upload->running;
  if (!upload->failed()) upload->result = ToStoreResult(result, url);
  StartFiles();
  if (upload->running > 0 || upload->has_more()) return;
  // Last: the receiver may do with the sink what it likes.
  upload->done(upload->item, upload->result);
}

void HttpSink::Abort() {
  epoch_ = std::make_shared<bool>();
  waiting_.clear();
  for (const TransferId id : std::exchange(running_, {})) client_->Cancel(id);
}

}  // namespace

Result<std::unique_ptr<Sink>> MakeHttpSink(EventLoop* loop,
                                           const HttpSinkOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transfers> transfers,
                   Transfers::Create(loop, options.transfer));
  return MakeHttpSink(loop, options,
                      std::make_unique<TransfersClient>(std::move(transfers)));
}

Result<std::unique_ptr<Sink>> MakeHttpSink(EventLoop* loop,
                                           const HttpSinkOptions& options,
                                           std::unique_ptr<PutClient> client) {
  CHECK(options.uploads > 0);
  if (!ParseUrl(options.base_url))
    return Fail(ErrorCode::kUsage, fmt::format("not an http(s) URL: {}",
                                               RedactUrl(options.base_url)));
  return std::make_unique<HttpSink>(loop, options, std::move(client));
}

}  // namespace thumbmill
