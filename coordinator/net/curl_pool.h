// coordinator/net/curl_pool.h: one curl multi handle on the event loop.
//
// Owns     the multi handle: connections, DNS cache. Not the easy handles.
// Runs in  the loop's thread. `finished` is called with nothing of curl on
//          the stack, so it may add and remove handles.
// Errors   Create() fails with kNoMemory. When the kernel or curl refuses
//          something later, the transfer that it concerns ends with a CURLcode;
//          a multi handle that fails again and again ends all of them.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/result.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

class CurlPool {
 public:
  // Who a handle belongs to, as the owner told Add().
  using Owner = std::uint64_t;
  // How a transfer ended. The handle may be used again only where curl has let
  // go of it (`free`); else it must be cleaned up, which detaches it.
  struct End {
    Owner owner;
    CURL* easy;
    CURLcode code;
    bool free;
  };
  using Finished = std::function<void(const End&)>;

  [[nodiscard]] static Result<std::unique_ptr<CurlPool>> Create(
      EventLoop* loop, long connections, Finished finished);
  ~CurlPool();
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  // Never from inside a callback of curl's: see inside(). After an error the
  // handle is not in the pool. An error of the kernel ends the transfer from
  // the loop.
  [[nodiscard]] CURLMcode Add(CURL* easy, Owner owner);
  // False: curl still holds the handle; clean it up, do not use it again.
  bool Remove(CURL* easy);
  // May call the write callback before it returns.
  void Unpause(CURL* easy);
  // A callback of curl's is on the stack: curl forbids all of the above.
  [[nodiscard]] bool inside() const { return depth_ > 0; }

 private:
  CurlPool(EventLoop* loop, Finished finished)
      : loop_(loop), finished_(std::move(finished)) {}
  Status Configure(long connections);
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* pool,
                      void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* pool);
  void Watch(CURL* easy, int fd, std::uint32_t events);
  void SetTimer(long timeout_ms);
  void Act(int fd, std::uint32_t epoll_events);
  void NoteAction(CURLMcode code);
  void Drain();
  void EndUnwatched();
  void EndAll();
  void EndOne(CURL* easy, CURLcode code);

  EventLoop* loop_;
  Finished finished_;
  CURLM* multi_ = nullptr;
  int depth_ = 0;
  EventLoop::TimerId timer_ = 0;  // 0: none
  std::unordered_map<CURL*, Owner> owners_;
  std::unordered_set<int> watched_;
  // Transfers whose sockets the kernel refused to watch.
  std::vector<CURL*> unwatched_;
  int failures_ = 0;  // of curl_multi_socket_action(), in a row
  // What is posted to the loop holds this weakly, so that it may outlive us.
  std::shared_ptr<CurlPool*> self_ = std::make_shared<CurlPool*>(this);
};

}  // namespace thumbmill
