// coordinator/loop/event_loop.h: one epoll loop: descriptors, timers, posted
// work.
//
// Runs in  the coordinator's main thread. Only RunOnce() blocks.
// Threads  Post() from any thread; everything else from the loop's thread.
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

  // Calls `ready` whenever `fd` is ready for `events` (EPOLLIN, EPOLLOUT;
  // level-triggered). The caller keeps the descriptor and must call Unwatch()
  // before it closes it. Fails, and watches nothing, if the kernel refuses
  // (no memory, or fs.epoll.max_user_watches is reached).
  [[nodiscard]] Status Watch(int fd, std::uint32_t events, Ready ready);
  void Rewatch(int fd, std::uint32_t events);
  void Unwatch(int fd);

  // Runs `fire` once, not earlier than `delay` from now.
  TimerId After(Millis delay, std::function<void()> fire);
  void Cancel(TimerId id);

  // Calls `poll` in each round, after descriptors and timers. Needed for a
  // source whose descriptor reports readiness only once (ZeroMQ is
  // edge-triggered). `poll` returns true if it did work.
  void AddPoller(std::function<bool()> poll);

  // Runs `work` in the loop's thread, in this round or the next.
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
  bool busy_ = false;  // a poller did work in the last round: do not sleep
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace thumbmill
