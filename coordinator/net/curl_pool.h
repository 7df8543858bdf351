// coordinator/net/curl_pool.h: one curl multi handle on the event loop.
//
// Owns     the multi handle: connections, DNS cache. Not the easy handles.
// Runs in  the loop's thread. `finished` is called with nothing of curl on
//          the stack, so it may add and remove handles.
// Errors   Create() fails with kNoMemory.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_set>

#include "common/result.h"
#include "coordinator/event_loop.h"

namespace thumbmill {

class CurlPool {
 public:
  using Finished = std::function<void(CURL*, CURLcode)>;

  [[nodiscard]] static Result<std::unique_ptr<CurlPool>> Create(
      EventLoop* loop, long connections, Finished finished);
  ~CurlPool();
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  // Never from inside a callback of curl's: see inside().
  void Add(CURL* easy);
  void Remove(CURL* easy);
  // May call the write callback before it returns.
  void Unpause(CURL* easy);
  // A callback of curl's is on the stack: curl forbids all of the above.
  [[nodiscard]] bool inside() const { return depth_ > 0; }

 private:
  CurlPool(EventLoop* loop, Finished finished)
      : loop_(loop), finished_(std::move(finished)) {}
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* pool,
                      void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* pool);
  void Watch(int fd, std::uint32_t events);
  void SetTimer(long timeout_ms);
  void Act(int fd, std::uint32_t epoll_events);
  void Drain();

  EventLoop* loop_;
  Finished finished_;
  CURLM* multi_ = nullptr;
  int depth_ = 0;
  EventLoop::TimerId timer_ = 0;  // 0: none
  std::unordered_set<int> watched_;
};

}  // namespace thumbmill
