#include "coordinator/sink/http_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/check.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/net/retry_policy.h"
#include "coordinator/net/retry_rules.h"
#include "coordinator/net/url.h"
#include "coordinator/sink/upload_queue.h"

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

StoreOutcome OutcomeOf(const TransferResult& result) {
  if (result.reason == Reason::kNone) return StoreOutcome::kStored;
  if (StopsUploads(result.http_status)) return StoreOutcome::kFatal;
  return result.transient() ? StoreOutcome::kTransient : StoreOutcome::kRefused;
}

SendResult::Server ServerOf(const TransferResult& result) {
  if (IsBusyStatus(result.http_status)) return SendResult::Server::kBusy;
  return result.http_status > 0 ? SendResult::Server::kAnswers
                                : SendResult::Server::kSilent;
}

SendResult ToSendResult(const TransferResult& result, const std::string& url) {
  SendResult sent;
  sent.stored.outcome = OutcomeOf(result);
  if (sent.stored.outcome == StoreOutcome::kStored) return sent;
  sent.stored.message =
      fmt::format("PUT {}: {}", RedactUrl(url), result.message);
  sent.stored.retry_after = result.retry_after;
  sent.server = ServerOf(result);
  sent.reason = result.reason;
  return sent;
}

UploadQueueOptions QueueOptions(const HttpSinkOptions& options) {
  UploadQueueOptions queue;
  queue.at_once = static_cast<std::size_t>(options.uploads);
  queue.give_up = options.give_up;
  return queue;
}

class HttpSink final : public Sink, private FileSender {
 public:
  HttpSink(EventLoop* loop, const HttpSinkOptions& options,
           std::unique_ptr<PutClient> client)
      : loop_(loop),
        options_(options),
        client_(std::move(client)),
        queue_(loop, this, QueueOptions(options)) {}

  Status Prepare() override;
  void Put(std::shared_ptr<StoreItem> item, Sink::Done done) override {
    queue_.Add(std::move(item), std::move(done));
  }
  Result<std::vector<Unpublished>> Publish(
      std::span<const std::shared_ptr<StoreItem>>) override {
    return std::vector<Unpublished>();
  }
  void Abort() override { queue_.Abort(); }

 private:
  TransferId Send(const StoreItem::File& file, FileSender::Done done) override;
  void Cancel(TransferId id) override { client_->Cancel(id); }
  TransferResult ProbeOnce();
  void Wait(Millis delay);
  std::string TargetUrl(const std::string& name) const;

  EventLoop* loop_;
  HttpSinkOptions options_;
  std::unique_ptr<PutClient> client_;
  UploadQueue queue_;  // destroyed first: it cancels its requests
};

// Sends HEAD, which changes nothing on the server. Most answers to it say
// little about PUT (a WebDAV folder answers 403 or 404), so only 401 fails.
Status HttpSink::Prepare() {
  const RetryPolicy policy{RetryOptions{.retries = bounds::kTargetRetries}};
  for (int tries = 1;; ++tries) {
    const TransferResult result = ProbeOnce();
    const std::string target = RedactUrl(options_.base_url);
    if (result.http_status == 401)
      return Fail(
          ErrorCode::kDenied,
          fmt::format("the target {} refuses the credentials (401)", target));
    if (result.http_status != 0) return {};
    const auto delay = policy.NextDelay(tries, Millis(0), 0);
    if (!result.transient() || !delay)
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
  // The loop ends, since Transfers ends each probe at its deadline.
  while (!answer) loop_->RunOnce(Millis(1000));
  return *std::move(answer);
}

void HttpSink::Wait(Millis delay) {
  bool over = false;
  loop_->After(delay, [&over] { over = true; });
  while (!over) loop_->RunOnce(Millis(1000));
}

// Puts the name between the path and the query of the base URL, and drops the
// fragment.
std::string HttpSink::TargetUrl(const std::string& name) const {
  const std::string_view base = options_.base_url;
  const std::size_t hash = std::min(base.find('#'), base.size());
  const std::size_t query = std::min(base.substr(0, hash).find('?'), hash);
  std::string url(base.substr(0, query));
  if (!url.ends_with('/')) url += '/';
  url += PercentEncode(name, true);
  return url.append(base.substr(query, hash - query));
}

TransferId HttpSink::Send(const StoreItem::File& file, FileSender::Done done) {
  const std::string url = TargetUrl(file.name);
  const PutRequest request{url, file.bytes, file.content_type};
  return client_->Put(
      request, [url, done = std::move(done)](const TransferResult& result) {
        done(ToSendResult(result, url));
      });
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
