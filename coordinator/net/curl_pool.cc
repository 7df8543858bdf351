#include "coordinator/net/curl_pool.h"

#include <locale.h>

#include <clocale>
#include <string>
#include <utility>

#include "common/check.h"

namespace thumbmill {
namespace {

// Failed calls of curl_multi_socket_action() in a row before all transfers end,
// and the wait between them: one second in all.
constexpr int kActionTries = 20;
constexpr long kActionWaitMs = 50;

// Sets a UTF-8 locale while curl runs. libidn2 reads host names in the charset
// of the thread's locale, and a program that never calls setlocale() has ASCII:
// "bücher.example" would not resolve. The locale is restored after each call,
// so that other code does not notice it.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(Shared())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  // Returns null if the system has no such locale; uselocale(null) changes
  // nothing. The locale lives as long as the process.
  static locale_t Shared() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }
  locale_t before_;
};

// Counts the nested calls into curl.
class Inside {
 public:
  explicit Inside(int* depth) : depth_(depth) { ++*depth_; }
  ~Inside() { --*depth_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  int* depth_;
  Utf8Locale locale_;
};

int CurlMask(std::uint32_t epoll_events) {
  int mask = 0;
  if (epoll_events & EPOLLIN) mask |= CURL_CSELECT_IN;
  if (epoll_events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
  if (epoll_events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
  return mask;
}

}  // namespace

Result<std::unique_ptr<CurlPool>> CurlPool::Create(EventLoop* loop,
                                                   long connections,
                                                   Finished finished) {
  auto pool =
      std::unique_ptr<CurlPool>(new CurlPool(loop, std::move(finished)));
  pool->multi_ = curl_multi_init();
  if (pool->multi_ == nullptr)
    return Fail(ErrorCode::kNoMemory, "curl_multi_init: no memory");
  RETURN_IF_ERROR(pool->Configure(connections));
  return pool;
}

Status CurlPool::Configure(long connections) {
  CURLMcode code = CURLM_OK;
  const auto set = [this, &code](CURLMoption option, auto value) {
    if (code == CURLM_OK) code = curl_multi_setopt(multi_, option, value);
  };
  set(CURLMOPT_SOCKETFUNCTION, &CurlPool::OnSocket);
  set(CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  set(CURLMOPT_TIMERFUNCTION, &CurlPool::OnTimer);
  set(CURLMOPT_TIMERDATA, static_cast<void*>(this));
  set(CURLMOPT_MAXCONNECTS, connections);
  // Do not share an HTTP/2 connection between transfers. If one of them pauses
  // for lack of memory, its unread frames hold up the others, which may be the
  // ones whose end would free memory.
  set(CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  if (code == CURLM_OK) return {};
  return Fail(ErrorCode::kInternal,
              std::string("curl_multi_setopt: ") + curl_multi_strerror(code));
}

CurlPool::~CurlPool() {
  // Clean up curl first, since its cleanup calls back into this object.
  if (multi_ != nullptr) {
    const Inside inside(&depth_);
    curl_multi_cleanup(multi_);
  }
  if (timer_ != 0) loop_->Cancel(timer_);
  for (const int fd : watched_) loop_->Unwatch(fd);
}

CURLMcode CurlPool::Add(CURL* easy, Owner owner) {
  CHECK(!inside());
  owners_[easy] = owner;
  CURLMcode code = CURLM_OK;
  {
    const Inside guard(&depth_);
    code = curl_multi_add_handle(multi_, easy);
  }
  if (code != CURLM_OK) owners_.erase(easy);
  return code;
}

bool CurlPool::Remove(CURL* easy) {
  CHECK(!inside());
  owners_.erase(easy);
  std::erase(unwatched_, easy);
  const Inside guard(&depth_);
  return curl_multi_remove_handle(multi_, easy) == CURLM_OK;
}

void CurlPool::EndOne(CURL* easy, CURLcode code) {
  const auto found = owners_.find(easy);
  if (found == owners_.end()) return;  // curl's own handle, or removed already
  const Owner owner = found->second;
  finished_({owner, easy, code, Remove(easy)});
}

void CurlPool::Unpause(CURL* easy) {
  CHECK(!inside());
  CURLcode code = CURLE_OK;
  {
    const Inside guard(&depth_);
    code = curl_easy_pause(easy, CURLPAUSE_CONT);
  }
  // If the write callback refuses bytes here, only this call reports it. The
  // multi handle would go on without the refused bytes.
  if (code != CURLE_OK) EndOne(easy, code);
  Drain();
}

int CurlPool::OnSocket(CURL* easy, curl_socket_t fd, int what, void* pool,
                       void*) {
  auto* self = static_cast<CurlPool*>(pool);
  switch (what) {
    case CURL_POLL_IN:
      self->Watch(easy, fd, EPOLLIN);
      break;
    case CURL_POLL_OUT:
      self->Watch(easy, fd, EPOLLOUT);
      break;
    case CURL_POLL_INOUT:
      self->Watch(easy, fd, EPOLLIN | EPOLLOUT);
      break;
    default:
      if (self->watched_.erase(fd) > 0) self->loop_->Unwatch(fd);
  }
  return 0;
}

// Never reports an error to curl, since that would end the multi handle for
// good. Ends only this transfer, and from the loop, since curl is on the stack.
void CurlPool::Watch(CURL* easy, int fd, std::uint32_t events) {
  if (watched_.contains(fd)) return loop_->Rewatch(fd, events);
  if (loop_->Watch(fd, events,
                   [this, fd](std::uint32_t ready) { Act(fd, ready); })) {
    watched_.insert(fd);
    return;
  }
  if (unwatched_.empty()) loop_->Post(guard_.Wrap([this] { EndUnwatched(); }));
  unwatched_.push_back(easy);
}

void CurlPool::EndUnwatched() {
  for (CURL* easy : std::exchange(unwatched_, {}))
    EndOne(easy, CURLE_OUT_OF_MEMORY);
}

int CurlPool::OnTimer(CURLM*, long timeout_ms, void* pool) {
  static_cast<CurlPool*>(pool)->SetTimer(timeout_ms);
  return 0;
}

void CurlPool::SetTimer(long timeout_ms) {
  if (timer_ != 0) loop_->Cancel(timer_);
  timer_ = 0;
  if (timeout_ms < 0) return;  // curl needs no timer now
  timer_ = loop_->After(Millis(timeout_ms), [this] {
    timer_ = 0;
    Act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlPool::Act(int fd, std::uint32_t epoll_events) {
  CURLMcode code = CURLM_OK;
  {
    const Inside guard(&depth_);
    int running = 0;
    code =
        curl_multi_socket_action(multi_, fd, CurlMask(epoll_events), &running);
  }
  // Transfers may have ended even if the call failed.
  Drain();
  NoteAction(code);
}

// A single failure may be a lack of memory, so tries again. If the multi handle
// does not recover, ends its transfers, which would otherwise wait for ever.
void CurlPool::NoteAction(CURLMcode code) {
  if (code == CURLM_OK) {
    failures_ = 0;
    return;
  }
  if (++failures_ >= kActionTries) return EndAll();
  SetTimer(kActionWaitMs);
}

void CurlPool::EndAll() {
  failures_ = 0;
  // Copy the handles first, since `finished_` changes the table.
  std::vector<CURL*> all;
  all.reserve(owners_.size());
  for (const auto& [easy, owner] : owners_) all.push_back(easy);
  for (CURL* easy : all) EndOne(easy, CURLE_FAILED_INIT);
}

// Reads one message at a time: `finished_` may remove other handles, and curl
// then drops their messages.
void CurlPool::Drain() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // EndOne() makes `message` invalid.
    EndOne(message->easy_handle, message->data.result);
  }
}

}  // namespace thumbmill
