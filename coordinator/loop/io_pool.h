// coordinator/loop/io_pool.h: a few threads for calls that block: files, syncs.
//
// Threads  Submit() from any thread. Work runs on a pool thread, in no promised
//          order, and posts its result to the loop itself.
// Errors   the pool reports no error of the work. If the system grants fewer
//          threads, the pool is smaller. If it grants none, no work ever runs
//          and status() holds the error.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/result.h"

namespace thumbmill {

class IoPool {
 public:
  explicit IoPool(std::size_t threads, const char* name = "tm-io");
  // Finishes all submitted work, then joins the threads.
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  [[nodiscard]] const Status& status() const { return status_; }
  void Submit(std::function<void()> work);
  // Drops the work that has not started. For a run that stops at once.
  void DropQueued();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
  std::size_t sleeping_ = 0;
  Status status_;
  std::vector<std::thread> threads_;
};

}  // namespace thumbmill
