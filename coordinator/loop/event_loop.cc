#include "coordinator/loop/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace thumbmill {

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  auto loop = std::unique_ptr<EventLoop>(new EventLoop());
  loop->epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_.valid()) return FailSystem("epoll_create1", errno);
  loop->wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wake_.valid()) return FailSystem("eventfd", errno);
  EventLoop* raw = loop.get();
  RETURN_IF_ERROR(loop->Watch(loop->wake_.get(), EPOLLIN, [raw](std::uint32_t) {
    std::uint64_t count = 0;
    // The descriptor does not block, so an empty counter does no harm.
    [[maybe_unused]] const ssize_t n =
        read(raw->wake_.get(), &count, sizeof count);
  }));
  return loop;
}

Status EventLoop::Watch(int fd, std::uint32_t events, Ready ready) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  // The kernel knows a descriptor that was not unwatched; change its events.
  int failed = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  if (failed != 0 && errno == EEXIST)
    failed = epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  if (failed != 0) return FailSystem("epoll_ctl", errno);
  watched_[fd] = std::make_shared<Ready>(std::move(ready));
  return {};
}

void EventLoop::Rewatch(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd) {
  watched_.erase(fd);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::After(Millis delay, std::function<void()> fire) {
  const TimePoint due = Now() + std::max(delay, Millis(0));
  const TimerId id = next_timer_++;
  timers_.emplace(id, Timer{due, std::move(fire)});
  due_.emplace(due, id);
  return id;
}

void EventLoop::Cancel(TimerId id) {
  const auto found = timers_.find(id);
  if (found == timers_.end()) return;
  auto [first, last] = due_.equal_range(found->second.due);
  for (; first != last; ++first) {
    if (first->second != id) continue;
    due_.erase(first);
    break;
  }
  timers_.erase(found);
}

void EventLoop::AddPoller(std::function<bool()> poll) {
  pollers_.push_back(std::move(poll));
}

void EventLoop::Post(std::function<void()> work) {
  bool wake = false;
  {
    const std::lock_guard lock(posted_mutex_);
    wake = posted_.empty();
    posted_.push_back(std::move(work));
  }
  // One wake-up serves the whole queue: the call that found it empty sent it.
  if (!wake) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

Millis EventLoop::NextWait(Millis limit) const {
  if (busy_) return Millis(0);
  if (due_.empty()) return limit;
  const auto left = due_.begin()->first - Now();
  // Round up. A wait that ends just before the timer is due would make the loop
  // spin with waits of 0 ms.
  const auto wait = std::chrono::ceil<Millis>(left);
  return std::clamp(wait, Millis(0), limit);
}

void EventLoop::RunOnce(Millis limit) {
  std::array<epoll_event, 64> events;
  const int n =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                 static_cast<int>(NextWait(limit).count()));
  for (int i = 0; i < n; ++i) {
    const auto found =
        watched_.find(events[static_cast<std::size_t>(i)].data.fd);
    if (found == watched_.end()) continue;  // unwatched by an earlier handler
    // Keeps the handler alive while it runs, even if it unwatches itself.
    const std::shared_ptr<Ready> ready = found->second;
    (*ready)(events[static_cast<std::size_t>(i)].events);
  }
  FireTimers();
  RunPosted();
  busy_ = false;
  for (const auto& poll : pollers_) busy_ |= poll();
}

void EventLoop::FireTimers() {
  // Read the clock once: a timer that starts itself again without a delay waits
  // for the next round and cannot block this one.
  const TimePoint now = Now();
  while (!due_.empty() && due_.begin()->first <= now) {
    const TimerId id = due_.begin()->second;
    due_.erase(due_.begin());
    // The timer leaves both tables first, since `fire` may add or cancel some.
    auto node = timers_.extract(id);
    if (!node.empty()) node.mapped().fire();
  }
}

void EventLoop::RunPosted() {
  // Run without the lock, since the work may post again. Work that is posted
  // now runs in the next round, so that descriptors get their turn.
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& each : work) each();
}

}  // namespace thumbmill
