// coordinator/loop/event_loop.h: one epoll loop: descriptors, timers, posted
// work.
//
// Runs in  the coordinator's main thread. Never blocks but in RunOnce().
// Threads  Post() and Wake() from any thread; everything else from the loop's.
// Errors   Create() fails with kIo.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class EventLoop {
 public:
  using TimerId = std::uint64_t;
  using Ready = std::function<void(std::uint32_t epoll_events)>;

  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> Create();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Level-triggered; `events` are EPOLLIN, EPOLLOUT. The descriptor stays the
  // caller's and must be unwatched before it is closed. Fails where the kernel
  // refuses (memory, fs.epoll.max_user_watches); nothing is watched then.
  [[nodiscard]] Status Watch(int fd, std::uint32_t events, Ready ready);
  void Rewatch(int fd, std::uint32_t events);
  void Unwatch(int fd);

  // Runs `fire` once, not earlier than `delay` from now.
  TimerId After(Millis delay, std::function<void()> fire);
  void Cancel(TimerId id);

  // Called in each round after descriptors and timers: for sources whose
  // readiness a descriptor tells only by edge (ZeroMQ). True: it did work.
  void AddPoller(std::function<bool()> poll);

  // Runs `work` in the loop's thread, soon.
  void Post(std::function<void()> work);

  // Waits at most `limit` for something to happen and handles it.
  void RunOnce(Millis limit);

 private:
  struct Timer {
    TimePoint due;
    std::function<void()> fire;
  };
  EventLoop() = default;
  Millis NextWait(Millis limit) const;
  void FireTimers();
  void RunPosted();

  UniqueFd epoll_, wake_;
  std::unordered_map<int, std::shared_ptr<Ready>> watched_;
  std::multimap<TimePoint, TimerId> due_;
  std::unordered_map<TimerId, Timer> timers_;
  TimerId next_timer_ = 1;
  std::vector<std::function<bool()>> pollers_;
  bool busy_ = false;  // the last round did work: do not sleep in this one
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace thumbmill
