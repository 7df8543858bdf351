#include "coordinator/loop/io_pool.h"

#include <utility>

#include "common/thread.h"

namespace thumbmill {

IoPool::IoPool(std::size_t threads, const char* name) {
  threads_.reserve(threads);
  while (threads_.size() < threads) {
    auto thread = StartThread(name, [this] { Run(); });
    if (!thread) {
      if (threads_.empty()) status_ = tl::unexpected<Error>(thread.error());
      return;
    }
    threads_.push_back(*std::move(thread));
  }
}

IoPool::~IoPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void IoPool::Submit(std::function<void()> work) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    // A busy thread takes the next piece without being woken.
    wake = sleeping_ > 0;
  }
  if (wake) ready_.notify_one();
}

void IoPool::DropQueued() {
  const std::lock_guard lock(mutex_);
  queue_.clear();
}

void IoPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (queue_.empty()) {
      // Only an empty queue ends the thread, so all submitted work is done.
      if (closing_) return;
      ++sleeping_;
      ready_.wait(lock);
      --sleeping_;
    }
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // frees its captures before the lock is taken again
    lock.lock();
  }
}

}  // namespace thumbmill
