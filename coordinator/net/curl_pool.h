// coordinator/net/curl_pool.h: one curl multi handle on the event loop.
//
// Owns     the multi handle with its connections, but not the easy handles.
// Runs in  the loop's thread. No curl function is on the stack when `finished`
//          is called, so it may add and remove handles.
// Errors   Create() fails with kNoMemory, or kInternal if curl refuses an
//          option. If the kernel or curl refuses something later, the transfer
//          concerned ends with a CURLcode. If the multi handle fails again and
//          again, all transfers end.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/result.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

class CurlPool {
 public:
  // The owner of a handle, as passed to Add().
  using Owner = std::uint64_t;
  // The end of a transfer. The handle may be used again only if curl holds it
  // no longer (`free`). Else it must be cleaned up, which detaches it.
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

  // Starts a transfer. Do not call it from inside a curl callback: see
  // inside(). If it fails, the handle is not in the pool. If the kernel refuses
  // to watch a socket, the transfer ends later, from the loop.
  [[nodiscard]] CURLMcode Add(CURL* easy, Owner owner);
  // Ends a transfer without calling `finished`. Returns false if curl still
  // holds the handle: clean it up and do not use it again.
  bool Remove(CURL* easy);
  // Resumes a paused transfer. May call the write callback before it returns.
  void Unpause(CURL* easy);
  // Returns true while a curl callback is on the stack. curl then forbids all
  // calls above.
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
  // Posted callbacks hold this weakly and do nothing after destruction.
  CallbackGuard guard_;
};

}  // namespace thumbmill
