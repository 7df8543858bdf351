#include "coordinator/net/curl_pool.h"

#include <locale.h>

#include <clocale>

#include "common/check.h"

namespace thumbmill {
namespace {

// libidn2 reads host names in the charset of the thread's locale, and a
// program that calls no setlocale() has ASCII: "bücher.example" would not
// resolve. For the time of a call only, so that nobody else is touched.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(Shared())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  // Null where the system has no such locale: uselocale() changes nothing
  // then. Lives as long as the process.
  static locale_t Shared() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }
  locale_t before_;
};

// Counts how deep curl is on the stack.
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
    return Fail(ErrorCode::kNoMemory, "curl_multi_init failed");
  CURLM* multi = pool->multi_;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlPool::OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlPool::OnTimer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool.get());
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
  // No two transfers on one HTTP/2 connection: when one of them is paused for
  // want of memory, its unread frames would hold up its neighbours, which may
  // be the ones whose end would free memory.
  curl_multi_setopt(multi, CURLMOPT_PIPELINING,
                    static_cast<long>(CURLPIPE_NOTHING));
  return pool;
}

CurlPool::~CurlPool() {
  if (multi_ != nullptr) {
    const Inside inside(&depth_);
    curl_multi_cleanup(multi_);
  }
  if (timer_ != 0) loop_->Cancel(timer_);
  for (const int fd : watched_) loop_->Unwatch(fd);
}

void CurlPool::Add(CURL* easy) {
  CHECK(!inside());
  const Inside guard(&depth_);
  CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlPool::Remove(CURL* easy) {
  CHECK(!inside());
  const Inside guard(&depth_);
  CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
}

void CurlPool::Unpause(CURL* easy) {
  CHECK(!inside());
  CURLcode code = CURLE_OK;
  {
    const Inside guard(&depth_);
    code = curl_easy_pause(easy, CURLPAUSE_CONT);
  }
  // What the write callback refuses here is told to us alone: the multi
  // handle would go on and leave the refused bytes out.
  if (code != CURLE_OK) {
    Remove(easy);
    finished_(easy, code);
  }
  Drain();
}

int CurlPool::OnSocket(CURL*, curl_socket_t fd, int what, void* pool, void*) {
  auto* self = static_cast<CurlPool*>(pool);
  switch (what) {
    case CURL_POLL_IN:
      self->Watch(fd, EPOLLIN);
      break;
    case CURL_POLL_OUT:
      self->Watch(fd, EPOLLOUT);
      break;
    case CURL_POLL_INOUT:
      self->Watch(fd, EPOLLIN | EPOLLOUT);
      break;
    default:
      if (self->watched_.erase(fd) > 0) self->loop_->Unwatch(fd);
  }
  return 0;
}

void CurlPool::Watch(int fd, std::uint32_t events) {
  if (!watched_.insert(fd).second) return loop_->Rewatch(fd, events);
  loop_->Watch(fd, events, [this, fd](std::uint32_t ready) { Act(fd, ready); });
}

int CurlPool::OnTimer(CURLM*, long timeout_ms, void* pool) {
  static_cast<CurlPool*>(pool)->SetTimer(timeout_ms);
  return 0;
}

void CurlPool::SetTimer(long timeout_ms) {
  if (timer_ != 0) loop_->Cancel(timer_);
  timer_ = 0;
  if (timeout_ms < 0) return;
  timer_ = loop_->After(Millis(timeout_ms), [this] {
    timer_ = 0;
    Act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlPool::Act(int fd, std::uint32_t epoll_events) {
  {
    const Inside guard(&depth_);
    int running = 0;
    curl_multi_socket_action(multi_, fd, CurlMask(epoll_events), &running);
  }
  Drain();
}

// One message at a time: what `finished_` removes takes its message along.
void CurlPool::Drain() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    Remove(easy);  // `message` is void from here on
    finished_(easy, code);
  }
}

}  // namespace thumbmill
