// One try is a Job; each request of it (redirects make several) is a Hop with
// an easy handle of its own. Redirects are followed here and not by curl:
//
//   - what a redirect leads to is untrusted even where the first URL was not.
//     Trusted and untrusted hops run on two multi handles, since a connection
//     that curl takes from its pool never asks for the address again: what a
//     trusted hop has opened to the inside must not serve an untrusted one;
//   - bodies of redirects and errors do not reach the sink, but are read to
//     their end when short, so that the connection can be used again.
//
// Deadlines are ours as well, since curl's go on while we pause a transfer.
#include "coordinator/net/transfer.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "coordinator/event_loop.h"
#include "coordinator/net/address_policy.h"
#include "coordinator/net/curl_pool.h"
#include "coordinator/net/hop_end.h"
#include "coordinator/net/redirect.h"
#include "coordinator/net/speed_window.h"
#include "coordinator/net/unknown_hosts.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

constexpr Millis kTick{200};
// Measured with 64 transfers of 200 KB at once: 45 us of processor time each
// with 64 KB, 47 with 128 KB, 48 with 256 KB, where the buffers leave the
// cache. It is also what curl holds back of each paused transfer.
constexpr long kReceiveBytes = 64 << 10;
// Reading an unwanted body costs less than a new connection up to about here.
constexpr std::uint64_t kDiscardBytes = 64 << 10;
constexpr std::size_t kHeaderBytes = 256 << 10;
constexpr std::size_t kIdleHandles = 128;

enum class Method { kGet, kPut, kHead };

struct Hop {
  TimePoint started;
  int status = 0;
  std::string location;
  std::size_t header_bytes = 0;
  std::uint64_t discarded = 0;
  bool encoded = false;
  bool body_begun = false;
  bool too_big = false;
  bool any_address_allowed = false;
  std::string forbidden;
  Micros speed_start{0};
  std::optional<SpeedWindow> speed;  // from the first byte on
};

struct Job {
  TransferId id = 0;
  Method method = Method::kGet;
  const TransferOptions* options = nullptr;
  std::string url;  // of this hop
  bool trusted = false;
  BodySink* body = nullptr;
  ByteSpan upload;
  std::size_t uploaded = 0;
  std::string content_type;
  Transfers::Done done;

  CurlPool* pool = nullptr;
  CURL* easy = nullptr;  // null: queued or parked
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> curl_text{};
  Hop hop;
  int redirects = 0;
  TimePoint started;
  Micros paused{0};
  std::optional<TimePoint> paused_since;
  bool parked = false;     // given up for want of memory, to start again
  bool cancelled = false;  // waits for curl to be off the stack
  std::uint64_t bytes = 0;
  TransferTimes times;

  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() { curl_slist_free_all(headers); }

  // Time in which this try could make progress.
  Micros Running(TimePoint now) const {
    const TimePoint until = paused_since.value_or(now);
    return std::chrono::duration_cast<Micros>(until - started) - paused;
  }
  void Pause() {
    if (!paused_since) paused_since = std::chrono::steady_clock::now();
  }
  void EndPause() {
    if (!paused_since) return;
    paused += std::chrono::duration_cast<Micros>(
        std::chrono::steady_clock::now() - *paused_since);
    paused_since.reset();
  }
  void CountSpeed(std::uint64_t size) {
    const Micros now = Running(std::chrono::steady_clock::now());
    if (!hop.speed) {
      hop.speed_start = now;
      hop.speed.emplace(options->min_speed_window);
    }
    hop.speed->Add(now - hop.speed_start, size);
  }
};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool EqualsNoCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

void ReadHeader(std::string_view line, Hop* hop) {
  if (line.starts_with("HTTP/")) {  // another answer after an interim one
    hop->location.clear();
    hop->encoded = false;
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (EqualsNoCase(name, "location") && hop->location.empty())
    hop->location = value;
  if (EqualsNoCase(name, "content-encoding"))
    hop->encoded = !value.empty() && !EqualsNoCase(value, "identity");
}

std::size_t OnHeader(char* data, std::size_t one, std::size_t size,
                     void* user) {
  Job& job = *static_cast<Job*>(user);
  size *= one;
  job.CountSpeed(size);
  job.hop.header_bytes += size;
  if (job.hop.header_bytes > kHeaderBytes) return 0;
  if (!job.hop.body_begun) ReadHeader({data, size}, &job.hop);
  return size;
}

void ReadStatus(Job* job) {
  long status = 0;
  curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
  job->hop.status = static_cast<int>(status);
}

bool Delivers(const Job& job) {
  return job.method == Method::kGet && job.hop.status >= 200 &&
         job.hop.status < 300;
}

std::size_t Discard(std::size_t size, Hop* hop) {
  hop->discarded += size;
  return hop->discarded <= kDiscardBytes ? size : 0;
}

// No memory for a body that curl decodes: while it is paused, curl would go
// on to decode all that it has read into memory of its own, a thousand times
// as much where somebody means harm. So the try is dropped and starts again.
std::size_t Refuse(Job* job) {
  job->Pause();
  if (!job->hop.encoded) return CURL_WRITEFUNC_PAUSE;
  job->parked = true;
  return 0;
}

std::size_t OnBody(char* data, std::size_t one, std::size_t size, void* user) {
  Job& job = *static_cast<Job*>(user);
  size *= one;
  if (size == 0) return 0;
  if (job.cancelled) return 0;
  if (!job.hop.body_begun) ReadStatus(&job);
  job.hop.body_begun = true;
  if (!Delivers(job)) return Discard(size, &job.hop);
  job.hop.too_big = size > job.options->max_bytes - job.bytes;
  if (job.hop.too_big) return 0;
  std::uint8_t* place = job.body->Extend(size);
  if (job.cancelled) return 0;  // by the sink: `place` may be gone
  if (place == nullptr) return Refuse(&job);
  std::memcpy(place, data, size);
  job.bytes += size;
  job.CountSpeed(size);
  return size;
}

std::size_t OnUpload(char* place, std::size_t one, std::size_t size,
                     void* user) {
  Job& job = *static_cast<Job*>(user);
  if (job.cancelled) return CURL_READFUNC_ABORT;
  const std::size_t left = job.upload.size() - job.uploaded;
  const std::size_t now = std::min(size * one, left);
  if (now > 0) std::memcpy(place, job.upload.data() + job.uploaded, now);
  job.uploaded += now;
  return now;
}

// curl sends again when a kept connection turns out to be dead.
int OnSeek(void* user, curl_off_t offset, int origin) {
  Job& job = *static_cast<Job*>(user);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  if (static_cast<std::uint64_t>(offset) > job.upload.size())
    return CURL_SEEKFUNC_FAIL;
  job.uploaded = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// The last moment before a packet leaves, and the address is known.
curl_socket_t OnOpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
  Job& job = *static_cast<Job*>(user);
  const AddressPolicy policy{job.options->allow_loopback,
                             job.options->allow_private};
  if (!job.trusted && !IsAllowed(policy, &address->addr, address->addrlen)) {
    job.hop.forbidden = AddressText(&address->addr, address->addrlen);
    return CURL_SOCKET_BAD;
  }
  job.hop.any_address_allowed = true;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

Status InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return {};
  return Fail(ErrorCode::kInternal, curl_easy_strerror(code));
}

void FillDefaults(TransferOptions* options) {
  if (options->user_agent.empty())
    options->user_agent = "thumbmill/" THUMBMILL_VERSION;
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* value = std::getenv(name);
    if (options->ca_file.empty() && value != nullptr) options->ca_file = value;
  }
}

Micros InfoTime(CURL* easy, CURLINFO info) {
  curl_off_t micros = 0;
  curl_easy_getinfo(easy, info, &micros);
  return Micros(micros);
}

bool IsRedirect(const Job& job) {
  return job.method == Method::kGet && job.hop.status >= 300 &&
         job.hop.status < 400 && job.hop.status != 304 &&
         !job.hop.location.empty() && job.hop.header_bytes <= kHeaderBytes;
}

TransferResult MakeResult(Reason reason, bool transient, std::string message) {
  TransferResult result;
  result.reason = reason;
  result.transient = transient;
  result.message = std::move(message);
  return result;
}

std::string Seconds(Millis time) {
  return std::to_string(time.count() / 1000) + "." +
         std::to_string(time.count() % 1000 / 100) + " s";
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
  void Configure(Job* job, const Url& url);
  void ConfigureMethod(Job* job);
  CURL* TakeHandle();
  void ReturnHandle(Job* job);

  void ResumeNow(TransferId id);
  void ReapCancelled(TransferId id);
  void HopDone(CURL* easy, CURLcode code);
  void NoteLookup(const Job& job, CURLcode code);
  void AddTimes(Job* job);
  HopEnd Describe(const Job& job, CURLcode code) const;
  void Redirect(Job* job);
  void Answer(Job* job, TransferResult result);

  void ArmTick();
  void Tick();
  std::optional<TransferResult> Overdue(Job* job, TimePoint now);
  bool WaitsTooLong(const Job& job, TimePoint now) const;

  EventLoop* loop_;
  TransferOptions options_;
  std::unique_ptr<CurlPool> trusted_, untrusted_;
  CURLSH* share_ = nullptr;  // TLS sessions: a handle's own would be lost
  std::vector<CURL*> idle_;
  std::unordered_map<TransferId, std::unique_ptr<Job>> jobs_;
  std::unordered_map<TransferId, std::unique_ptr<Job>> doomed_;
  UnknownHosts unknown_hosts_;
  TransferId next_id_ = 1;
  EventLoop::TimerId tick_ = 0;  // 0: none
  // What is posted to the loop holds this weakly, so that it may outlive us.
  std::shared_ptr<Impl*> self_ = std::make_shared<Impl*>(this);
};

Status Transfers::Impl::Init() {
  RETURN_IF_ERROR(InitCurl());
  share_ = curl_share_init();
  if (share_ == nullptr)
    return Fail(ErrorCode::kNoMemory, "curl_share_init failed");
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  const auto finished = [this](CURL* easy, CURLcode code) {
    HopDone(easy, code);
  };
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
      job->pool->Remove(job->easy);
      curl_easy_cleanup(job->easy);
    }
  }
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  trusted_.reset();
  untrusted_.reset();
  if (share_ != nullptr) curl_share_cleanup(share_);
}

void Transfers::Impl::Post(void (Impl::*work)(TransferId), TransferId id) {
  loop_->Post([weak = std::weak_ptr<Impl*>(self_), work, id] {
    if (const auto self = weak.lock()) ((*self)->*work)(id);
  });
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
  Post(&Impl::StartQueued, id);
  return id;
}

void Transfers::Impl::StartQueued(TransferId id) {
  Job* job = Find(id);
  if (job == nullptr) return;  // cancelled meanwhile
  job->started = std::chrono::steady_clock::now();
  ArmTick();
  StartHop(job);
}

void Transfers::Impl::StartHop(Job* job) {
  const std::optional<Url> url = ParseUrl(job->url);
  if (!url)
    return Answer(job, MakeResult(Reason::kBadLine, false, "not a URL"));
  const TimePoint now = std::chrono::steady_clock::now();
  job->hop = Hop{};
  job->hop.started = now;
  job->bytes = 0;
  if (unknown_hosts_.Holds(url->host, now))
    return Answer(job, MakeResult(Reason::kDns, true,
                                  "the host's name did not resolve a moment "
                                  "ago"));
  if (job->body != nullptr) job->body->Restart();
  job->easy = TakeHandle();
  job->pool = job->trusted ? trusted_.get() : untrusted_.get();
  Configure(job, *url);
  job->pool->Add(job->easy);
}

CURL* Transfers::Impl::TakeHandle() {
  if (idle_.empty()) {
    CURL* easy = curl_easy_init();
    CHECK(easy != nullptr);  // only out of memory
    return easy;
  }
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void Transfers::Impl::ReturnHandle(Job* job) {
  CURL* easy = std::exchange(job->easy, nullptr);
  curl_easy_reset(easy);
  if (idle_.size() < kIdleHandles) return idle_.push_back(easy);
  curl_easy_cleanup(easy);
}

void Transfers::Impl::Configure(Job* job, const Url& url) {
  CURL* easy = job->easy;
  const auto set = [easy](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
  };
  set(CURLOPT_PRIVATE, static_cast<void*>(job));
  set(CURLOPT_ERRORBUFFER, job->curl_text.data());
  set(CURLOPT_NOSIGNAL, 1L);
  // A lookup that is given up is left to its thread: joining it would hold
  // the loop for as long as the resolver likes.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_SHARE, share_);
  set(CURLOPT_URL, WireUrl(url).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // A proxy would connect for us, and no address could be checked.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(CURLOPT_OPENSOCKETFUNCTION, &OnOpenSocket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(job));
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(job));
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(job));
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!url.userinfo.empty()) {
    const std::size_t colon = url.userinfo.find(':');
    set(CURLOPT_USERNAME, PercentDecode(url.userinfo.substr(0, colon)).c_str());
    if (colon != std::string::npos)
      set(CURLOPT_PASSWORD,
          PercentDecode(url.userinfo.substr(colon + 1)).c_str());
  }
  ConfigureMethod(job);
}

void Transfers::Impl::ConfigureMethod(Job* job) {
  CURL* easy = job->easy;
  if (job->method == Method::kHead) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (job->method == Method::kGet) {
    // Asked for plain bytes; what comes encoded all the same is decoded.
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                     static_cast<curl_off_t>(options_.max_bytes));
    return;
  }
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &OnUpload);
  curl_easy_setopt(easy, CURLOPT_READDATA, static_cast<void*>(job));
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &OnSeek);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, static_cast<void*>(job));
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                   static_cast<curl_off_t>(job->upload.size()));
  // Thumbnails are small: asking first would cost a round trip each.
  job->headers = curl_slist_append(job->headers, "Expect:");
  if (!job->content_type.empty())
    job->headers = curl_slist_append(
        job->headers, ("Content-Type: " + job->content_type).c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job->headers);
}

// Always by way of the loop: the caller may be the sink that refuses just now
// and whose transfer is not paused before it returns.
void Transfers::Impl::Resume(TransferId id) { Post(&Impl::ResumeNow, id); }

void Transfers::Impl::ResumeNow(TransferId id) {
  Job* job = Find(id);
  if (job == nullptr || !job->paused_since) return;
  job->EndPause();
  if (std::exchange(job->parked, false)) return StartHop(job);
  if (job->easy != nullptr) job->pool->Unpause(job->easy);
}

void Transfers::Impl::Cancel(TransferId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  std::unique_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  job->cancelled = true;
  if (job->easy == nullptr) return;
  if (job->pool->inside()) {  // the sink cancels, with curl on the stack
    doomed_.emplace(id, std::move(job));
    Post(&Impl::ReapCancelled, id);
    return;
  }
  job->pool->Remove(job->easy);
  ReturnHandle(job.get());
}

void Transfers::Impl::ReapCancelled(TransferId id) {
  const auto found = doomed_.find(id);
  if (found == doomed_.end()) return;  // it ended by itself
  found->second->pool->Remove(found->second->easy);
  ReturnHandle(found->second.get());
  doomed_.erase(found);
}

void Transfers::Impl::HopDone(CURL* easy, CURLcode code) {
  char* owner = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
  Job* job = reinterpret_cast<Job*>(owner);
  if (job->cancelled) {
    ReturnHandle(job);
    doomed_.erase(job->id);
    return;
  }
  ReadStatus(job);
  NoteLookup(*job, code);
  AddTimes(job);
  if (job->parked) return ReturnHandle(job);
  if (IsRedirect(*job)) {
    ReturnHandle(job);
    return Redirect(job);
  }
  TransferResult result;
  ClassifyHopEnd(Describe(*job, code), &result);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
  // A date in the past is negative.
  if (retry_after > 0) result.retry_after = std::chrono::seconds(retry_after);
  ReturnHandle(job);
  Answer(job, std::move(result));
}

void Transfers::Impl::NoteLookup(const Job& job, CURLcode code) {
  const std::optional<Url> url = ParseUrl(job.url);
  if (!url) return;
  if (code == CURLE_COULDNT_RESOLVE_HOST)
    unknown_hosts_.Failed(url->host, std::chrono::steady_clock::now());
  else if (job.hop.any_address_allowed)
    unknown_hosts_.Resolved(url->host);
}

void Transfers::Impl::AddTimes(Job* job) {
  CURL* easy = job->easy;
  const Micros dns = InfoTime(easy, CURLINFO_NAMELOOKUP_TIME_T);
  const Micros connected = std::max(InfoTime(easy, CURLINFO_CONNECT_TIME_T),
                                    InfoTime(easy, CURLINFO_APPCONNECT_TIME_T));
  const Micros asked = InfoTime(easy, CURLINFO_PRETRANSFER_TIME_T);
  const Micros answered = InfoTime(easy, CURLINFO_STARTTRANSFER_TIME_T);
  job->times.dns += dns;
  job->times.connect += std::max(connected - dns, Micros(0));
  job->times.first_byte += std::max(answered - asked, Micros(0));
}

HopEnd Transfers::Impl::Describe(const Job& job, CURLcode code) const {
  HopEnd end;
  end.code = code;
  end.curl_text = job.curl_text.data();
  end.status = job.hop.status;
  end.upload = job.method == Method::kPut;
  end.body_begun = job.hop.body_begun;
  end.name_resolved =
      InfoTime(job.easy, CURLINFO_NAMELOOKUP_TIME_T) > Micros(0);
  end.too_big = job.hop.too_big;
  end.headers_too_big = job.hop.header_bytes > kHeaderBytes;
  end.any_address_allowed = job.hop.any_address_allowed;
  end.forbidden = job.hop.forbidden;
  return end;
}

void Transfers::Impl::Redirect(Job* job) {
  TransferResult result = MakeResult(Reason::kRedirect, false, "");
  result.http_status = job->hop.status;
  if (job->redirects >= options_.max_redirects) {
    result.message =
        "more than " + std::to_string(options_.max_redirects) + " redirects";
    return Answer(job, std::move(result));
  }
  const std::string target = ResolveLocation(job->url, job->hop.location);
  if (!ParseUrl(target)) {
    result.message =
        "redirect to " + (target.empty() ? "no URL" : RedactUrl(target));
    return Answer(job, std::move(result));
  }
  ++job->redirects;
  job->url = target;
  job->trusted = false;
  StartHop(job);
}

void Transfers::Impl::Answer(Job* job, TransferResult result) {
  const auto found = jobs_.find(job->id);
  CHECK(found != jobs_.end());
  const std::unique_ptr<Job> owner = std::move(found->second);
  jobs_.erase(found);
  if (job->redirects > 0 && result.reason != Reason::kNone)
    result.message += " (redirected to " + RedactUrl(job->url) + ")";
  if (result.http_status == 0) result.http_status = job->hop.status;
  result.bytes = job->method == Method::kPut ? job->uploaded : job->bytes;
  result.times = job->times;
  result.times.total = job->Running(std::chrono::steady_clock::now());
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
  // Answers may start and cancel transfers: no walk over the table itself.
  std::vector<TransferId> ids;
  ids.reserve(jobs_.size());
  for (const auto& [id, job] : jobs_) ids.push_back(id);
  const TimePoint now = std::chrono::steady_clock::now();
  for (const TransferId id : ids) {
    Job* job = Find(id);
    if (job == nullptr || job->easy == nullptr || job->paused_since) continue;
    auto overdue = Overdue(job, now);
    if (!overdue) continue;
    AddTimes(job);
    ReadStatus(job);
    job->pool->Remove(job->easy);
    ReturnHandle(job);
    Answer(job, std::move(*overdue));
  }
}

std::optional<TransferResult> Transfers::Impl::Overdue(Job* job,
                                                       TimePoint now) {
  const Micros running = job->Running(now);
  const Millis limit =
      job->method == Method::kGet ? options_.timeout : options_.upload_timeout;
  if (running > limit)
    return MakeResult(Reason::kTimeout, true,
                      "not finished within " + Seconds(limit));
  if (job->method != Method::kGet) return std::nullopt;
  if (WaitsTooLong(*job, now))
    return MakeResult(
        Reason::kTimeout, true,
        "no answer within " + Seconds(options_.first_byte_timeout));
  if (job->hop.speed &&
      job->hop.speed->SlowerThan(options_.min_speed_bytes,
                                 running - job->hop.speed_start))
    return MakeResult(
        Reason::kTooSlow, true,
        "slower than " + std::to_string(options_.min_speed_bytes) +
            " bytes/s over " + Seconds(options_.min_speed_window));
  return std::nullopt;
}

// From the request's departure to the first byte of the answer's head.
bool Transfers::Impl::WaitsTooLong(const Job& job, TimePoint now) const {
  if (job.hop.speed) return false;
  const Micros asked = InfoTime(job.easy, CURLINFO_PRETRANSFER_TIME_T);
  if (asked == Micros(0)) return false;  // curl's connect timeout watches
  return now - job.hop.started - asked > options_.first_byte_timeout;
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
