#include "coordinator/sink/http_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/check.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/net/host_limiter.h"
#include "coordinator/net/retry_policy.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

// The longest wait between probes of a target that is away.
constexpr Millis kLastHold{10'000};
// The key for HostLimiter, which knows many hosts but is used here for one.
const std::string kTarget = "target";

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

// An item under way. Its files start in order. After the first failure no more
// of them start, and `done` is called when the running ones have ended.
struct Upload {
  std::shared_ptr<StoreItem> item;
  Sink::Done done;
  std::size_t next = 0;     // index of the next file to start
  std::size_t running = 0;  // number of running requests
  StoreResult result;

  bool failed() const { return result.reason != Reason::kNone; }
  bool has_more() const { return !failed() && next < item->files.size(); }
};

// Returns true if the target will refuse every other file too: it refuses the
// credentials (401, 403), it takes no PUT (405), or its disk is full (507).
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

// Sets no limit for probes, so that HostLimiter never calls the target dead:
// only `give_up` ends the run.
HostLimiterOptions LimiterOptions(const HttpSinkOptions& options) {
  HostLimiterOptions limits;
  limits.at_once = static_cast<std::size_t>(options.uploads);
  limits.probes = std::numeric_limits<int>::max();
  limits.last_hold = kLastHold;
  return limits;
}

bool IsBusy(const TransferResult& result) {
  return result.http_status == 429 || result.http_status == 503;
}

class HttpSink final : public Sink {
 public:
  HttpSink(EventLoop* loop, const HttpSinkOptions& options,
           std::unique_ptr<PutClient> client)
      : loop_(loop),
        options_(options),
        client_(std::move(client)),
        limiter_(LimiterOptions(options)) {}
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
  bool MayStartFile();
  void StartFiles();
  void StartFile(const UploadRef& upload);
  void FileDone(const UploadRef& upload, const std::string& url,
                const TransferResult& result);
  void AnswerLater(const UploadRef& upload);
  void Judge(const TransferResult& result, StoreResult* stored);

  EventLoop* loop_;
  HttpSinkOptions options_;
  std::unique_ptr<PutClient> client_;
  std::deque<UploadRef> waiting_;  // items with files to start
  std::unordered_set<TransferId> running_;
  HostLimiter limiter_;
  // The first failure since the target accepted or clearly refused a file.
  std::optional<TimePoint> refused_since_;
  EventLoop::TimerId wake_ = 0;  // 0: none
  CallbackGuard guard_;          // of posted answers; Abort() cuts it
};

// Sends HEAD, which changes nothing on the server. Most answers to it say
// little about PUT (a WebDAV folder answers 403 or 404), so only 401 fails.
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

void HttpSink::Put(std::shared_ptr<StoreItem> item, Done done) {
  auto upload = std::make_shared<Upload>();
  upload->item = std::move(item);
  upload->done = std::move(done);
  if (upload->item->files.empty()) return AnswerLater(upload);
  waiting_.push_back(std::move(upload));
  StartFiles();
}

void HttpSink::AnswerLater(const UploadRef& upload) {
  loop_->Post(
      guard_.Wrap([upload] { upload->done(upload->item, upload->result); }));
}

bool HttpSink::MayStartFile() {
  const TimePoint now = std::chrono::steady_clock::now();
  const HostLimiter::Permit permit =
      limiter_.Ask(kTarget, running_.size(), now);
  if (permit.leave == HostLimiter::Leave::kGo) return true;
  // kFull needs no timer: the next answer calls StartFiles().
  if (permit.leave != HostLimiter::Leave::kWait || wake_ != 0) return false;
  const auto wait = std::chrono::ceil<Millis>(
      std::max(permit.until - now, TimePoint::duration(0)));
  wake_ = loop_->After(wait, [this] {
    wake_ = 0;
    StartFiles();
  });
  return false;
}

void HttpSink::StartFiles() {
  while (!waiting_.empty()) {
    const UploadRef upload = waiting_.front();
    if (!upload->has_more()) {
      waiting_.pop_front();
      continue;
    }
    if (!MayStartFile()) return;
    StartFile(upload);
  }
}

void HttpSink::StartFile(const UploadRef& upload) {
  const StoreItem::File& file = upload->item->files[upload->next++];
  const std::string url = TargetUrl(file.name);
  ++upload->running;
  const PutRequest request{url, file.bytes, file.content_type};
  // Put() never calls back before it returns, so `id` is set by then.
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
  StoreResult stored = ToStoreResult(result, url);
  Judge(result, &stored);
  // The first failure is the item's result.
  if (!upload->failed()) upload->result = std::move(stored);
  StartFiles();
  if (upload->running > 0 || upload->has_more()) return;
  // Call `done` last: it may call any method of the sink.
  upload->done(upload->item, upload->result);
}

// Decides whether a failure concerns this file or the whole target.
void HttpSink::Judge(const TransferResult& result, StoreResult* stored) {
  // The target accepted the file, or refused it for good: it is there.
  if (!stored->transient) {
    refused_since_.reset();
    return limiter_.Answered(kTarget);
  }
  const TimePoint now = std::chrono::steady_clock::now();
  if (!refused_since_) refused_since_ = now;
  if (IsBusy(result)) {
    limiter_.Busy(kTarget, result.retry_after, now);
  } else if (result.http_status > 0) {  // another answer, such as 500
    limiter_.Answered(kTarget);
  } else {
    limiter_.Silent(kTarget, result.reason, result.message, now);
  }
  stored->away = !limiter_.Trusts(kTarget);
  if (!stored->away || now - *refused_since_ < options_.give_up) return;
  stored->fatal = true;
  stored->message += fmt::format("; the target has taken nothing for {} s",
                                 options_.give_up.count() / 1000);
}

void HttpSink::Abort() {
  if (wake_ != 0) loop_->Cancel(std::exchange(wake_, 0));
  guard_.Cut();
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
