// One try is a Job. Each request of a try is a Hop with its own easy handle;
// redirects make several. This file follows redirects itself, and does not let
// curl do it, for two reasons:
//
//   - The target of a redirect is untrusted, even if the first URL was trusted.
//     Trusted and untrusted hops run on two multi handles: curl does not check
//     the address again when it uses a kept connection, and a connection that a
//     trusted hop opened to an inside host must not serve an untrusted hop.
//   - The bodies of redirects and errors must not reach the sink. Short ones
//     are read to their end, so that the connection can be used again.
//
// This file also watches the deadlines, since curl's own clocks go on while a
// transfer is paused.
#include "coordinator/net/transfer.h"

#include <curl/curl.h>

#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/net/curl_pool.h"
#include "coordinator/net/curl_request.h"
#include "coordinator/net/dns_coalescer.h"
#include "coordinator/net/negative_dns_cache.h"
#include "coordinator/net/redirect.h"
#include "coordinator/net/transfer_job.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

constexpr Millis kTick{200};  // between looks at the deadlines
constexpr std::size_t kIdleHandles = 128;
// Servers accept no longer request line.
constexpr std::size_t kLocationBytes = 32 << 10;
constexpr std::size_t kShownBytes = 500;
constexpr const char* kUserAgent =
    "thumbmill/" THUMBMILL_VERSION
    " (batch thumbnail maker; contact: " THUMBMILL_CONTACT ")";

// Redacts and shortens a URL that a server sent. Messages show it, and the
// journal keeps them.
std::string Shown(const std::string& url) {
  std::string text = RedactUrl(url);
  if (text.size() > kShownBytes) text.replace(kShownBytes, text.npos, "...");
  return text;
}

Status InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return {};
  return Fail(ErrorCode::kInternal, curl_easy_strerror(code));
}

void FillDefaults(TransferOptions* options) {
  if (options->user_agent.empty()) options->user_agent = kUserAgent;
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* value = std::getenv(name);
    if (options->ca_file.empty() && value != nullptr) options->ca_file = value;
  }
}

}  // namespace

class Transfers::Impl {
 public:
  Impl(EventLoop* loop, const TransferOptions& options)
      : loop_(loop), options_(options) {
    FillDefaults(&options_);
  }
  ~Impl();

  Status Init();
  TransferId Start(std::unique_ptr<Job> job);
  void Resume(TransferId id);
  void Cancel(TransferId id);
  std::size_t active() const { return jobs_.size(); }

 private:
  void Post(void (Impl::*work)(TransferId), TransferId id);
  Job* Find(TransferId id);

  void StartQueued(TransferId id);
  void StartHop(Job* job);
  CURL* TakeHandle();
  // Takes the handle away from the job. Keeps it for other jobs only if `whole`
  // (the hop succeeded and curl no longer holds the handle) and if it has seen
  // no cookies.
  void ReturnHandle(Job* job, bool whole);
  void RefuseHop(Job* job, const char* what, CURLcode code);

  void ResumeNow(TransferId id);
  void ReapCancelled(TransferId id);
  void HopDone(const CurlPool::End& end);
  void EndHop(Job* job, CURLcode code, bool free);
  void NoteLookup(const Job& job, CURLcode code);
  // Returns false if the job must wait for the lookup of another job.
  bool BeginLookup(Job* job, const std::string& host);
  void EndLookup(Job* job, bool resolved);
  void LookupDone(TransferId id);
  void StartWaiting(TransferId id);
  void Redirect(Job* job);
  void Answer(Job* job, TransferResult result);

  void ArmTick();
  void Tick();

  EventLoop* loop_;
  TransferOptions options_;
  std::unique_ptr<CurlPool> trusted_, untrusted_;
  // Shares TLS sessions and addresses between handles. A handle's own would be
  // lost with it.
  CURLSH* share_ = nullptr;
  std::vector<CURL*> idle_;
  std::unordered_map<TransferId, std::unique_ptr<Job>> jobs_;
  // Cancelled jobs that curl is still using.
  std::unordered_map<TransferId, std::unique_ptr<Job>> doomed_;
  NegativeDnsCache negative_dns_;
  DnsCoalescer coalescer_;
  TransferId next_id_ = 1;
  EventLoop::TimerId tick_ = 0;  // 0: none
  CallbackGuard guard_;
};

Status Transfers::Impl::Init() {
  RETURN_IF_ERROR(InitCurl());
  share_ = curl_share_init();
  if (share_ == nullptr)
    return Fail(ErrorCode::kNoMemory, "curl_share_init failed");
  for (const curl_lock_data what :
       {CURL_LOCK_DATA_SSL_SESSION, CURL_LOCK_DATA_DNS}) {
    const CURLSHcode code = curl_share_setopt(share_, CURLSHOPT_SHARE, what);
    if (code != CURLSHE_OK)
      return Fail(ErrorCode::kInternal, std::string("curl_share_setopt: ") +
                                            curl_share_strerror(code));
  }
  const auto finished = [this](const CurlPool::End& end) { HopDone(end); };
  ASSIGN_OR_RETURN(
      trusted_, CurlPool::Create(loop_, options_.kept_connections, finished));
  ASSIGN_OR_RETURN(
      untrusted_, CurlPool::Create(loop_, options_.kept_connections, finished));
  return {};
}

Transfers::Impl::~Impl() {
  if (tick_ != 0) loop_->Cancel(tick_);
  for (auto* table : {&jobs_, &doomed_}) {
    for (auto& [id, job] : *table) {
      if (job->easy == nullptr) continue;
      (void)job->pool->Remove(job->easy);
      curl_easy_cleanup(job->easy);
    }
  }
  // curl requires that the share goes last, after all handles that use it.
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  trusted_.reset();
  untrusted_.reset();
  if (share_ != nullptr) curl_share_cleanup(share_);
}

void Transfers::Impl::Post(void (Impl::*work)(TransferId), TransferId id) {
  loop_->Post(guard_.Wrap([this, work, id] { (this->*work)(id); }));
}

Job* Transfers::Impl::Find(TransferId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second.get();
}

TransferId Transfers::Impl::Start(std::unique_ptr<Job> job) {
  const TransferId id = next_id_++;
  job->id = id;
  job->options = &options_;
  jobs_.emplace(id, std::move(job));
  // Start from the loop, so that no callback comes before this call returns.
  Post(&Impl::StartQueued, id);
  return id;
}

void Transfers::Impl::StartQueued(TransferId id) {
  Job* job = Find(id);
  if (job == nullptr) return;  // cancelled meanwhile
  job->started = Now();
  ArmTick();
  StartHop(job);
}

void Transfers::Impl::StartHop(Job* job) {
  const std::optional<Url> url = ParseUrl(job->url);
  if (!url) return Answer(job, MakeResult(Reason::kBadLine, "not a URL"));
  const TimePoint now = std::chrono::steady_clock::now();
  job->hop = Hop{};
  job->hop.started = now;
  job->bytes = 0;
  if (negative_dns_.Holds(url->host, now))
    return Answer(job, MakeResult(Reason::kDns,
                                  "the host's name did not resolve a moment "
                                  "ago"));
  if (!BeginLookup(job, url->host)) return;
  if (job->body != nullptr) job->body->Restart();
  job->easy = TakeHandle();
  if (job->easy == nullptr)
    return RefuseHop(job, "curl_easy_init", CURLE_OUT_OF_MEMORY);
  job->pool = job->trusted ? trusted_.get() : untrusted_.get();
  if (const CURLcode code = ConfigureRequest(job, *url, share_);
      code != CURLE_OK)
    return RefuseHop(job, "curl_easy_setopt", code);
  const CURLMcode added = job->pool->Add(job->easy, job->id);
  if (added != CURLM_OK)
    RefuseHop(job, curl_multi_strerror(added), CURLE_FAILED_INIT);
}

// Returns null if there is no memory.
CURL* Transfers::Impl::TakeHandle() {
  if (idle_.empty()) return curl_easy_init();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void Transfers::Impl::ReturnHandle(Job* job, bool whole) {
  // A leader may end before LookupDone() runs; the others must not wait for it.
  EndLookup(job, job->hop.any_address_allowed || !job->hop.forbidden.empty());
  CURL* easy = std::exchange(job->easy, nullptr);
  if (easy == nullptr) return;
  const bool clean = job->cookies.empty() && !job->hop.has_cookies;
  if (!whole || !clean || idle_.size() >= kIdleHandles)
    return curl_easy_cleanup(easy);
  // curl_easy_reset() of libcurl 7.88 forgets the list of cookie files without
  // freeing it.
  if (curl_easy_setopt(easy, CURLOPT_COOKIEFILE, nullptr) != CURLE_OK)
    return curl_easy_cleanup(easy);
  curl_easy_reset(easy);
  idle_.push_back(easy);
}

// Ends a job whose request curl does not accept. The failure is transient,
// since neither the host nor the image is at fault.
void Transfers::Impl::RefuseHop(Job* job, const char* what, CURLcode code) {
  ReturnHandle(job, false);
  const std::string why = std::string("the request could not be prepared: ") +
                          what + ": " + curl_easy_strerror(code);
  Answer(job, MakeResult(code == CURLE_OUT_OF_MEMORY ? Reason::kMemory
                                                     : Reason::kConnect,
                         why));
}

// Never resumes directly: the caller may be the sink inside Extend(), and its
// transfer pauses only after Extend() returns.
void Transfers::Impl::Resume(TransferId id) { Post(&Impl::ResumeNow, id); }

void Transfers::Impl::ResumeNow(TransferId id) {
  Job* job = Find(id);
  if (job == nullptr || !job->paused_since) return;
  job->EndPause();
  if (job->easy != nullptr) job->pool->Unpause(job->easy);
}

void Transfers::Impl::Cancel(TransferId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  std::unique_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  job->cancelled = true;
  if (job->easy == nullptr) return;
  // The sink cancels from inside a curl callback, where curl forbids to remove
  // a handle.
  if (job->pool->inside()) {
    doomed_.emplace(id, std::move(job));
    Post(&Impl::ReapCancelled, id);
    return;
  }
  (void)job->pool->Remove(job->easy);
  ReturnHandle(job.get(), false);
}

void Transfers::Impl::ReapCancelled(TransferId id) {
  const auto found = doomed_.find(id);
  if (found == doomed_.end()) return;  // HopDone() has removed it
  (void)found->second->pool->Remove(found->second->easy);
  ReturnHandle(found->second.get(), false);
  doomed_.erase(found);
}

void Transfers::Impl::HopDone(const CurlPool::End& end) {
  if (Job* job = Find(end.owner)) return EndHop(job, end.code, end.free);
  const auto found = doomed_.find(end.owner);
  if (found == doomed_.end()) return;
  ReturnHandle(found->second.get(), false);
  doomed_.erase(found);
}

void Transfers::Impl::EndHop(Job* job, CURLcode code, bool free) {
  const bool whole = free && code == CURLE_OK;
  ReadStatus(job);
  NoteLookup(*job, code);
  AddTimes(job);
  if (IsRedirect(*job)) {
    job->cookies.TakeFrom(job->easy);
    ReturnHandle(job, whole);
    return Redirect(job);
  }
  TransferResult result;
  ClassifyHopEnd(Describe(*job, code), &result);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &retry_after);
  // curl makes a date in the past negative.
  if (retry_after > 0) result.retry_after = std::chrono::seconds(retry_after);
  ReturnHandle(job, whole);
  Answer(job, std::move(result));
}

bool Transfers::Impl::BeginLookup(Job* job, const std::string& host) {
  const TimePoint now = Now();
  switch (coalescer_.Begin(host, job->id, now)) {
    case DnsCoalescer::Part::kNone:
      return true;
    case DnsCoalescer::Part::kWait:
      return false;
    case DnsCoalescer::Part::kLead:
      break;
  }
  job->leads_lookup = host;
  job->resolved = [this, id = job->id] { Post(&Impl::LookupDone, id); };
  return true;
}

void Transfers::Impl::LookupDone(TransferId id) {
  if (Job* job = Find(id)) EndLookup(job, true);
}

// Starts the waiting jobs from the loop. If the lookup failed, they find the
// name in `negative_dns_` and fail. If the leader ended for another reason,
// one of them leads.
void Transfers::Impl::EndLookup(Job* job, bool resolved) {
  job->resolved = nullptr;
  const std::string host = std::exchange(job->leads_lookup, {});
  if (host.empty()) return;
  const TimePoint now = Now();
  for (const TransferId id : coalescer_.End(host, resolved, now))
    Post(&Impl::StartWaiting, id);
}

void Transfers::Impl::StartWaiting(TransferId id) {
  if (Job* job = Find(id)) StartHop(job);
}

void Transfers::Impl::NoteLookup(const Job& job, CURLcode code) {
  const std::optional<Url> url = ParseUrl(job.url);
  if (!url) return;
  // A resolver that does not answer in time counts as a failed lookup, so that
  // it is asked again as rarely.
  const bool no_answer = code == CURLE_OPERATION_TIMEDOUT &&
                         !job.leads_lookup.empty() &&
                         !Describe(job, code).name_resolved;
  if (code == CURLE_COULDNT_RESOLVE_HOST || no_answer)
    negative_dns_.Failed(url->host, Now());
  else if (job.hop.any_address_allowed)
    negative_dns_.Resolved(url->host);
}

void Transfers::Impl::Redirect(Job* job) {
  TransferResult result = MakeResult(Reason::kRedirect, "");
  result.http_status = job->hop.status;
  if (job->redirects >= options_.max_redirects) {
    result.message =
        "more than " + std::to_string(options_.max_redirects) + " redirects";
    return Answer(job, std::move(result));
  }
  if (job->hop.location.size() > kLocationBytes) {
    result.message = "redirect to a URL of " +
                     std::to_string(job->hop.location.size()) + " bytes";
    return Answer(job, std::move(result));
  }
  const std::string target = ResolveLocation(job->url, job->hop.location);
  const std::optional<Url> from = ParseUrl(job->url), to = ParseUrl(target);
  if (!to) {
    result.message =
        "redirect to " + (target.empty() ? "no URL" : Shown(target));
    return Answer(job, std::move(result));
  }
  ++job->redirects;
  job->at_home &= from && SameOrigin(*from, *to);
  job->url = target;
  job->trusted = false;  // a server chose this URL
  StartHop(job);
}

void Transfers::Impl::Answer(Job* job, TransferResult result) {
  const auto found = jobs_.find(job->id);
  CHECK(found != jobs_.end());
  // `done` may start or cancel transfers, so the job leaves the table first.
  const std::unique_ptr<Job> owner = std::move(found->second);
  jobs_.erase(found);
  if (job->redirects > 0 && result.reason != Reason::kNone)
    result.message += " (redirected to " + Shown(job->url) + ")";
  result.redirected = job->redirects > 0;
  if (result.http_status == 0) result.http_status = job->hop.status;
  result.bytes = job->method == Method::kPut ? job->uploaded : job->bytes;
  result.times = job->times;
  result.times.total = job->Running(Now());
  if (job->done) job->done(std::move(result));
}

void Transfers::Impl::ArmTick() {
  if (tick_ != 0) return;
  tick_ = loop_->After(kTick, [this] {
    tick_ = 0;
    Tick();
    if (!jobs_.empty()) ArmTick();
  });
}

void Transfers::Impl::Tick() {
  // Copy the ids first: Answer() changes the table, and so may its callbacks.
  std::vector<TransferId> ids;
  ids.reserve(jobs_.size());
  for (const auto& [id, job] : jobs_) ids.push_back(id);
  const TimePoint now = Now();
  for (const TransferId id : ids) {
    Job* job = Find(id);
    // A job without a handle has not started, or waits for a leader, which has
    // deadlines itself. The clock of a paused job stands still.
    if (job == nullptr || job->easy == nullptr || job->paused_since) continue;
    auto overdue = Overdue(job, now);
    if (!overdue) continue;
    AddTimes(job);
    ReadStatus(job);
    (void)job->pool->Remove(job->easy);
    ReturnHandle(job, false);
    Answer(job, std::move(*overdue));
  }
}

Transfers::Transfers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transfers::~Transfers() = default;

Result<std::unique_ptr<Transfers>> Transfers::Create(
    EventLoop* loop, const TransferOptions& options) {
  auto impl = std::make_unique<Impl>(loop, options);
  RETURN_IF_ERROR(impl->Init());
  return std::unique_ptr<Transfers>(new Transfers(std::move(impl)));
}

TransferId Transfers::Get(const GetRequest& request, Done done) {
  CHECK(request.body != nullptr);
  auto job = std::make_unique<Job>();
  job->url = request.url;
  job->trusted = request.trusted;
  job->body = request.body;
  job->done = std::move(done);
  return impl_->Start(std::move(job));
}

TransferId Transfers::Put(const PutRequest& request, Done done) {
  auto job = std::make_unique<Job>();
  job->method = Method::kPut;
  job->url = request.url;
  job->trusted = true;
  job->upload = request.body;
  job->content_type = request.content_type;
  job->done = std::move(done);
  return impl_->Start(std::move(job));
}

TransferId Transfers::Probe(const std::string& url, Done done) {
  auto job = std::make_unique<Job>();
  job->method = Method::kHead;
  job->url = url;
  job->trusted = true;
  job->done = std::move(done);
  return impl_->Start(std::move(job));
}

void Transfers::Resume(TransferId id) { impl_->Resume(id); }
void Transfers::Cancel(TransferId id) { impl_->Cancel(id); }
std::size_t Transfers::active() const { return impl_->active(); }

}  // namespace thumbmill
