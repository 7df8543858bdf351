#include "coordinator/io_pool.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace thumbmill {

IoPool::IoPool(std::size_t threads, const char* name) {
  // Signals belong to the main thread, which reads them from a descriptor.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
    pthread_setname_np(threads_.back().native_handle(), name);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
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
      if (closing_) return;
      ++sleeping_;
      ready_.wait(lock);
      --sleeping_;
    }
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it captured goes before the lock is taken again
    lock.lock();
  }
}

}  // namespace thumbmill
