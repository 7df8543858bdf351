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
#include <fmt/format.h>

#include <optional>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/net/curl_handles.h"
#include "coordinator/net/curl_pool.h"
#include "coordinator/net/curl_request.h"
#include "coordinator/net/dns_gate.h"
#include "coordinator/net/hop.h"
#include "coordinator/net/transfer_job.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

constexpr Millis kTick{200};  // between looks at the deadlines

}  // namespace

class Transfers::Impl {
 public:
  Impl(EventLoop* loop, const TransferOptions& options)
      : loop_(loop), options_(options), dns_(loop, [this](TransferId id) {
          if (Job* job = Find(id)) StartHop(job);
        }) {
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
  // Takes the handle away from the job. Other jobs may use it again only if
  // `whole`: the hop succeeded and curl no longer holds the handle.
  void ReturnHandle(Job* job, bool whole);
  void RefuseHop(Job* job, const char* what, CURLcode code);

  void ResumeNow(TransferId id);
  void ReapCancelled(TransferId id);
  void HopDone(const CurlPool::End& end);
  void EndHop(Job* job, CURLcode code, bool free);
  void Answer(Job* job, TransferResult result);

  void ArmTick();
  void Tick();

  EventLoop* loop_;
  TransferOptions options_;
  std::unique_ptr<CurlHandles> handles_;  // outlives the pools
  std::unique_ptr<CurlPool> trusted_, untrusted_;
  std::unordered_map<TransferId, std::unique_ptr<Job>> jobs_;
  // Cancelled jobs that curl is still using.
  std::unordered_map<TransferId, std::unique_ptr<Job>> doomed_;
  DnsGate dns_;
  TransferId next_id_ = 1;
  EventLoop::TimerId tick_ = 0;  // 0: none
  CallbackGuard guard_;
};

Status Transfers::Impl::Init() {
  ASSIGN_OR_RETURN(handles_, CurlHandles::Create());
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
  const TimePoint now = Now();
  job->hop = Hop{};
  job->hop.started = now;
  job->bytes = 0;
  switch (dns_.Enter(job, url->host)) {
    case DnsGate::Answer::kUnknown:
      return Answer(job, MakeResult(Reason::kDns,
                                    "the host's name did not resolve a moment "
                                    "ago"));
    case DnsGate::Answer::kWait:
      return;
    case DnsGate::Answer::kGo:
      break;
  }
  if (job->body != nullptr) job->body->Restart();
  job->easy = handles_->Take();
  if (job->easy == nullptr)
    return RefuseHop(job, "curl_easy_init", CURLE_OUT_OF_MEMORY);
  job->pool = job->trusted ? trusted_.get() : untrusted_.get();
  if (const CURLcode code = ConfigureRequest(job, *url, handles_->share());
      code != CURLE_OK)
    return RefuseHop(job, "curl_easy_setopt", code);
  const CURLMcode added = job->pool->Add(job->easy, job->id);
  if (added != CURLM_OK)
    RefuseHop(job, curl_multi_strerror(added), CURLE_FAILED_INIT);
}

void Transfers::Impl::ReturnHandle(Job* job, bool whole) {
  dns_.Leave(job);
  CURL* easy = std::exchange(job->easy, nullptr);
  if (easy == nullptr) return;
  const bool no_cookies = job->cookies.empty() && !job->hop.has_cookies;
  handles_->Return(easy, whole && no_cookies);
}

// Ends a job whose request curl does not accept. Neither the host nor the image
// is at fault, so the reason is one that allows another try.
void Transfers::Impl::RefuseHop(Job* job, const char* what, CURLcode code) {
  ReturnHandle(job, false);
  Answer(job, MakeResult(code == CURLE_OUT_OF_MEMORY ? Reason::kMemory
                                                     : Reason::kConnect,
                         fmt::format("cannot prepare the request: {}: {}", what,
                                     curl_easy_strerror(code))));
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
  dns_.Note(*job, code);
  AddTimes(job);
  if (IsRedirect(*job)) {
    job->cookies.TakeFrom(job->easy);
    ReturnHandle(job, whole);
    if (auto refused = FollowRedirect(job))
      return Answer(job, *std::move(refused));
    return StartHop(job);
  }
  TransferResult result = ResultOf(*job, code);
  ReturnHandle(job, whole);
  Answer(job, std::move(result));
}

void Transfers::Impl::Answer(Job* job, TransferResult result) {
  const auto found = jobs_.find(job->id);
  CHECK(found != jobs_.end());
  // `done` may start or cancel transfers, so the job leaves the table first.
  const std::unique_ptr<Job> owner = std::move(found->second);
  jobs_.erase(found);
  Complete(*job, &result);
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
